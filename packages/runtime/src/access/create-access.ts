/** Which view of a schema a caller has: decided once for a tenant's rules and a set of roles, then looked up. */
import { type CompiledSchema, type Decisions, type Observe, type PolicyRow, SYSTEM_TENANT_ID } from '@backsaas/core'
import { type BoundSchema, bindView } from '../binding/bound-schema.ts'
import { type BoundedMap, boundedMap } from '../binding/bounded-map.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Access } from '../registry/cached-lookup.ts'
import { createView } from './view.ts'

export interface AccessControl {
  /**
   * The schema as `roles` know it. A schema without any rules is answered as it is: it is open to its role `admin`.
   *
   * @throws `ACCESS_UNDECIDED` (503) where there are rules and nobody decides on them.
   */
  view(
    schema: BoundSchema,
    tenantId: string,
    roles: readonly string[],
    access: Access,
  ): BoundSchema | Promise<BoundSchema>
}

export interface AccessControlOptions {
  readonly plugins: LoadedPlugins
  readonly observe: Observe | null
  /** The tenant's own policies, the same array until they change. */
  policies(tenantId: string, access: Access): readonly PolicyRow[] | Promise<readonly PolicyRow[]>
}

/** The views of one schema under one set of policies. */
interface Decided {
  readonly decisions: Decisions
  readonly byRoles: BoundedMap<BoundSchema>
}

/** Combinations of roles that are kept per schema and set of policies. */
const MAX_VIEWS = 100
const NO_POLICIES: readonly PolicyRow[] = Object.freeze([])

/** @example const schema = await control.view(bound, tenantId, principal.roles, { scope, connection }) */
export function createAccessControl({ plugins, policies, observe }: AccessControlOptions): AccessControl {
  const decided = new WeakMap<BoundSchema, WeakMap<readonly PolicyRow[], Promise<Decided> | Decided>>()

  function viewFrom(schema: BoundSchema, { decisions, byRoles }: Decided, roles: readonly string[]): BoundSchema {
    const key = roles.length < 2 ? (roles[0] ?? '') : JSON.stringify([...new Set(roles)].sort())
    const known = byRoles.get(key)
    if (known) return known
    const view = bindView(schema, createView(schema.served, decisions, roles))
    byRoles.set(key, view)
    return view
  }

  function decide(schema: BoundSchema, own: readonly PolicyRow[]): Promise<Decided> | Decided {
    const bySet = decided.get(schema) ?? new WeakMap<readonly PolicyRow[], Promise<Decided> | Decided>()
    decided.set(schema, bySet)
    const known = bySet.get(own)
    if (known) return known
    const deciding = makeDecisions(schema.compiled, own).then(
      (decisions) => {
        const done = { decisions, byRoles: boundedMap<BoundSchema>(MAX_VIEWS) }
        bySet.set(own, done)
        return done
      },
      (error: unknown) => {
        bySet.delete(own)
        throw error
      },
    )
    bySet.set(own, deciding)
    return deciding
  }

  async function makeDecisions(schema: CompiledSchema, own: readonly PolicyRow[]): Promise<Decisions> {
    if (plugins.access) return told(await plugins.access.decide(schema, own))
    if (schema.decisions && own.length === 0) return schema.decisions
    throw runtimeError('ACCESS_UNDECIDED', `the schema ${schema.name} has access rules, and nobody decides on them`, {
      hint: 'Add `policies()` of @backsaas/plugins/policies to `plugins` of createRuntime.',
    })
  }

  /** A policy that fits no more closes what it was about; who runs this should know. */
  function told(decisions: Decisions): Decisions {
    for (const { place, message } of decisions.faults ?? [])
      observe?.({ kind: 'error', code: 'POLICY_FAULT', error: new Error(`${place}: ${message}`) })
    return decisions
  }

  /** Those of this schema: the same array while the tenant's stay the same. */
  const ofSchema = new WeakMap<readonly PolicyRow[], Map<string, readonly PolicyRow[]>>()
  function policiesOf(all: readonly PolicyRow[], name: string): readonly PolicyRow[] {
    if (all.length === 0) return NO_POLICIES
    const bySchema = ofSchema.get(all) ?? new Map<string, readonly PolicyRow[]>()
    ofSchema.set(all, bySchema)
    const own = bySchema.get(name) ?? all.filter((row) => row.schema === name)
    bySchema.set(name, own)
    return own.length === 0 ? NO_POLICIES : own
  }

  function withPolicies(
    schema: BoundSchema,
    all: readonly PolicyRow[],
    roles: readonly string[],
  ): BoundSchema | Promise<BoundSchema> {
    const own = policiesOf(all, schema.compiled.name)
    if (own.length === 0 && !hasRules(schema.compiled)) return schema
    const made = decide(schema, own)
    return made instanceof Promise ? made.then((done) => viewFrom(schema, done, roles)) : viewFrom(schema, made, roles)
  }

  return {
    view(schema, tenantId, roles, access) {
      const all = tenantId === SYSTEM_TENANT_ID ? NO_POLICIES : policies(tenantId, access)
      return all instanceof Promise
        ? all.then((rows) => withPolicies(schema, rows, roles))
        : withPolicies(schema, all, roles)
    },
  }
}

const ruled = new WeakMap<CompiledSchema, boolean>()

function hasRules(schema: CompiledSchema): boolean {
  const known = ruled.get(schema)
  if (known !== undefined) return known
  const found = Object.values(schema.entities).some((entity) => entity.access !== undefined)
  ruled.set(schema, found)
  return found
}
