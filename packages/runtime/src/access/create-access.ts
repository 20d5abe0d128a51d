/** Which view of a schema a caller has: decided once for a tenant's rules and a set of roles, then looked up. */
import {
  type CompiledSchema,
  type Decisions,
  type Observe,
  type PolicyRow,
  type Principal,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import { type BoundSchema, bindView } from '../binding/bound-schema.ts'
import { type BoundedMap, boundedMap } from '../binding/bounded-map.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { LoadedPlugins } from '../plugins/load-plugins.ts'
import type { Access } from '../registry/cached-lookup.ts'
import { ADMIN, holdsAdmin } from './holds-admin.ts'
import { createView } from './view.ts'

export interface AccessControl {
  /**
   * The schema as who has these roles and scopes knows it. A schema without any rules is answered as it is to who has no
   * scopes: it is open to its role `admin`.
   *
   * @throws `ACCESS_UNDECIDED` (503) where there are rules and nobody decides on them.
   */
  view(schema: BoundSchema, tenantId: string, holder: Holder, access: Access): BoundSchema | Promise<BoundSchema>
}

/** What of a principal decides what it knows. */
export type Holder = Pick<Principal, 'roles' | 'scopes'>

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

/** @example const schema = await control.view(bound, tenantId, principal, { scope, connection }) */
export function createAccessControl({ plugins, policies, observe }: AccessControlOptions): AccessControl {
  const decided = new WeakMap<BoundSchema, WeakMap<readonly PolicyRow[], Promise<Decided> | Decided>>()

  function viewFrom(schema: BoundSchema, { decisions, byRoles }: Decided, { roles, scopes }: Holder): BoundSchema {
    const key = viewKey(decisions, roles, scopes)
    const known = byRoles.get(key)
    if (known) return known
    const view = bindView(schema, createView(schema.served, decisions, roles, scopes))
    byRoles.set(key, view)
    return view
  }

  const open = new WeakMap<BoundSchema, Decided>()
  /** Of a schema without rules: what its role `admin` may do, for who may do only a part of that. */
  function viewOfOpen(schema: BoundSchema, { roles, scopes }: Holder): BoundSchema {
    const made = open.get(schema) ?? { decisions: decisionsOfOpen(schema.compiled), byRoles: boundedMap(MAX_VIEWS) }
    open.set(schema, made)
    const holder = holdsAdmin(roles, schema.compiled) ? { roles: [ADMIN], scopes: scopes ?? [] } : { roles: [] }
    return viewFrom(schema, made, holder)
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
    holder: Holder,
  ): BoundSchema | Promise<BoundSchema> {
    const own = policiesOf(all, schema.compiled.name)
    if (own.length === 0 && !hasRules(schema.compiled))
      return holder.scopes === undefined ? schema : viewOfOpen(schema, holder)
    const made = decide(schema, own)
    return made instanceof Promise
      ? made.then((done) => viewFrom(schema, done, holder))
      : viewFrom(schema, made, holder)
  }

  return {
    view(schema, tenantId, holder, access) {
      const all = tenantId === SYSTEM_TENANT_ID ? NO_POLICIES : policies(tenantId, access)
      return all instanceof Promise
        ? all.then((rows) => withPolicies(schema, rows, holder))
        : withPolicies(schema, all, holder)
    },
  }
}

/** Roles that nobody declared count for nothing: who makes them up makes no new views. */
function viewKey(decisions: Decisions, roles: readonly string[], scopes: readonly string[] | undefined): string {
  const first = roles[0] ?? ''
  if (roles.length < 2 && scopes === undefined) return Object.hasOwn(decisions.roles, first) ? first : ''
  const declared = new Set(roles.filter((role) => Object.hasOwn(decisions.roles, role)))
  return JSON.stringify([[...declared].sort(), scopes && [...new Set(scopes)].sort()])
}

function decisionsOfOpen({ entities }: CompiledSchema): Decisions {
  const actions = ['read', 'create', 'update', 'delete'] as const
  const rules = actions.map((action) => ({ role: ADMIN, action, effect: 'allow', place: '' }) as const)
  const all = Object.fromEntries(actions.map((action, index) => [action, [index]]))
  return { rules, roles: { [ADMIN]: Object.fromEntries(Object.keys(entities).map((name) => [name, all])) } }
}

const ruled = new WeakMap<CompiledSchema, boolean>()

function hasRules(schema: CompiledSchema): boolean {
  const known = ruled.get(schema)
  if (known !== undefined) return known
  const found = Object.values(schema.entities).some((entity) => entity.access !== undefined)
  ruled.set(schema, found)
  return found
}
