/** What one caller may do with one entity: the rules of all held roles, put together. */
import {
  type AccessRule,
  type Action,
  type CompiledEntity,
  type CompiledRelation,
  type CompiledSchema,
  type Decisions,
  type Expression,
  inScope,
} from '@backsaas/core'
import { childrenOf } from '@backsaas/core/expression'
import { type Admission, admission, isSame } from './admission.ts'

export interface EntityAccess {
  /** Null where nothing can be seen. */
  readonly read: ReadAccess | null
  readonly create: WriteAccess | null
  readonly update: WriteAccess | null
  readonly delete: Admission | null
}

export interface ReadAccess {
  readonly rows: Admission
  /**
   * The fields that can be seen at all, each with what must hold besides of a row that is seen; nothing for most. A field
   * that is not here is as unknown.
   */
  readonly fields: ReadonlyMap<string, readonly Admission[]>
}

export interface WriteAccess {
  readonly allow: readonly AccessRule[]
  readonly deny: readonly AccessRule[]
  /** The fields that may be given, on some row at least. */
  readonly fields: ReadonlySet<string>
}

/**
 * Of every entity, for who holds `roles`. Roles that are not declared count for nothing.
 *
 * @param scopes narrow what the roles allow; all of it where there are none.
 */
export function accessOf(
  schema: CompiledSchema,
  decisions: Decisions,
  roles: readonly string[],
  scopes?: readonly string[],
): Readonly<Record<string, EntityAccess>> {
  const held = roles.flatMap((role) => (Object.hasOwn(decisions.roles, role) ? [decisions.roles[role] ?? {}] : []))
  const rulesFor = (entity: string, action: Action): readonly AccessRule[] => {
    if (!inScope(scopes, entity, action)) return []
    const indexes = new Set(held.flatMap((role) => (Object.hasOwn(role, entity) ? (role[entity]?.[action] ?? []) : [])))
    return [...indexes].flatMap((index) => decisions.rules[index] ?? [])
  }
  const own = new Map<string, ReadAccess | null>()
  for (const entity of Object.values(schema.entities))
    own.set(entity.name, readAccess(entity, rulesFor(entity.name, 'read')))
  const access = Object.values(schema.entities).map((entity) => {
    const deletes = split(rulesFor(entity.name, 'delete'))
    return [
      entity.name,
      {
        read: withComputed(entity, own),
        create: writeAccess(entity, rulesFor(entity.name, 'create')),
        update: writeAccess(entity, rulesFor(entity.name, 'update')),
        delete: admission(deletes.allow, deletes.deny),
      },
    ] as const
  })
  return Object.assign(Object.create(null), Object.fromEntries(access))
}

function split(rules: readonly AccessRule[]): { readonly allow: AccessRule[]; readonly deny: AccessRule[] } {
  return {
    allow: rules.filter((rule) => rule.effect === 'allow'),
    deny: rules.filter((rule) => rule.effect === 'deny'),
  }
}

export function names(rule: AccessRule, field: string): boolean {
  return rule.fields === undefined || rule.fields.includes(field)
}

function readAccess(entity: CompiledEntity, rules: readonly AccessRule[]): ReadAccess | null {
  const { allow, deny } = split(rules)
  const whole = deny.filter((rule) => rule.fields === undefined)
  const rows = admission(allow, whole)
  if (rows === null) return null
  const fields = new Map<string, readonly Admission[]>()
  for (const field of Object.keys(entity.fields)) {
    const seen = admission(
      allow.filter((rule) => names(rule, field)),
      deny.filter((rule) => names(rule, field)),
    )
    if (seen !== null) fields.set(field, isSame(seen, rows) ? [] : [seen])
  }
  return { rows, fields }
}

/** A computed field shows where all that it is worked out of does. */
function withComputed(entity: CompiledEntity, all: ReadonlyMap<string, ReadAccess | null>): ReadAccess | null {
  const own = all.get(entity.name) ?? null
  if (own === null) return null
  const fields = new Map<string, readonly Admission[]>()
  for (const field of own.fields.keys()) {
    const guards = guardsOf(entity, field, own, all)
    if (guards) fields.set(field, [...new Set(guards)])
  }
  return { rows: own.rows, fields }
}

/** Null where a part can never be seen. Parts of related rows are guarded where they are read. */
function guardsOf(
  entity: CompiledEntity,
  field: string,
  own: ReadAccess,
  all: ReadonlyMap<string, ReadAccess | null>,
): readonly Admission[] | null {
  const guards = own.fields.get(field)
  const computed = entity.fields[field]?.computed
  if (!guards || !computed) return guards ?? null
  const parts: Admission[] = [...guards]
  for (const relation of relationsOf(computed.expression.tree, entity)) {
    const other = all.get(relation.entity)?.fields
    if (!relation.from.every((one) => own.fields.has(one)) || !relation.to.every((one) => other?.has(one))) return null
  }
  for (const read of computed.expression.reads) {
    if (read.entity !== entity.name) {
      if (!all.get(read.entity)?.fields.has(read.field)) return null
      continue
    }
    const inner = guardsOf(entity, read.field, own, all)
    if (inner === null) return null
    parts.push(...inner)
  }
  return parts
}

/** Those that an expression follows: who may not see what ties rows together may not see what comes of it. */
function relationsOf(tree: Expression, entity: CompiledEntity): readonly CompiledRelation[] {
  const own = tree.node === 'related' || tree.node === 'relation' ? entity.relations[tree.relation] : undefined
  return [...(own ? [own] : []), ...childrenOf(tree).flatMap((child) => relationsOf(child, entity))]
}

function writeAccess(entity: CompiledEntity, rules: readonly AccessRule[]): WriteAccess | null {
  const { allow, deny } = split(rules)
  if (allow.length === 0 || deny.some((rule) => !rule.where && rule.fields === undefined)) return null
  const fields = Object.values(entity.fields).filter(
    ({ name, writable }) =>
      writable &&
      allow.some((rule) => names(rule, name)) &&
      !deny.some((rule) => !rule.where && rule.fields?.includes(name)),
  )
  return { allow, deny, fields: new Set(fields.map(({ name }) => name)) }
}
