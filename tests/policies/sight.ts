/** What a caller sees: which rows, which fields at all, and which of them on a row. */
import { type Caller, judge } from './evaluate.ts'
import type { Expression } from './expression.ts'
import { type Action, type Rule, type RuleSet, rulesFor } from './rules.ts'
import { ENTITIES, type EntityName, fieldOf, type Row, rawValue, relationOf, type Tables, type Value } from './world.ts'

/** Whose rules, whose data and who asks. */
export interface Setting {
  readonly set: RuleSet
  readonly tables: Tables
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly caller: Caller
}

export function admits(setting: Setting, { entity, where }: Rule, row: Row): boolean {
  return where === undefined || judgeRow(setting, entity, row, where) === true
}

/** What cannot be told forbids. */
export function forbids(setting: Setting, { entity, where }: Rule, row: Row): boolean {
  return where === undefined || judgeRow(setting, entity, row, where) !== false
}

export function judgeRow(setting: Setting, entity: EntityName, row: Row, condition: Expression): boolean | null {
  const { tables, tenant, caller } = setting
  return judge(condition, { tables, tenant, caller, entity, row })
}

export interface Rules {
  readonly allow: readonly Rule[]
  readonly deny: readonly Rule[]
}

/** The rules that the caller comes under. */
export function heldRules({ set, caller }: Setting, entity: EntityName, action: Action): Rules {
  const rules = rulesFor(set, caller.roles, entity, action)
  return {
    allow: rules.filter(({ effect }) => effect === 'allow'),
    deny: rules.filter(({ effect }) => effect === 'deny'),
  }
}

/** Whether no row is let through whatever it holds. */
export function isClosed({ allow, deny }: Rules): boolean {
  return allow.length === 0 || deny.some(({ where, fields }) => where === undefined && fields === undefined)
}

export function isNamed({ fields }: Rule, field: string): boolean {
  return fields === undefined || fields.includes(field)
}

/** The rows of an entity that the caller sees. */
export function seesRow(setting: Setting, entity: EntityName, row: Row): boolean {
  const { allow, deny } = heldRules(setting, entity, 'read')
  return (
    allow.some((rule) => admits(setting, rule, row)) &&
    !deny.some((rule) => rule.fields === undefined && forbids(setting, rule, row))
  )
}

export function canRead(setting: Setting, entity: EntityName): boolean {
  return !isClosed(heldRules(setting, entity, 'read'))
}

/** Whether there can be a row on which the caller sees the field; a field that is not so is as unknown. */
export function canSee(setting: Setting, entity: EntityName, field: string): boolean {
  if (!Object.hasOwn(ENTITIES[entity].fields, field)) return false
  const { allow, deny } = heldRules(setting, entity, 'read')
  if (isClosed({ allow, deny }) || !allow.some((rule) => isNamed(rule, field))) return false
  if (deny.some((rule) => rule.where === undefined && isNamed(rule, field))) return false
  const { computed } = fieldOf(entity, field)
  if (!computed) return true
  if (!computed.reads.every((read) => canSee(setting, entity, read))) return false
  const { related } = computed
  if (!related) return true
  return (
    canFollow(setting, entity, related.relation) &&
    canSee(setting, relationOf(entity, related.relation).to, related.field)
  )
}

/** Whether a relation is there for the caller: the fields that tie its rows together must be. */
export function canFollow(setting: Setting, entity: EntityName, name: string): boolean {
  if (!Object.hasOwn(ENTITIES[entity].relations, name)) return false
  const { to, here, there, through } = relationOf(entity, name)
  if (!canSee(setting, entity, here) || !canSee(setting, to, there)) return false
  return !through || (canSee(setting, through.entity, through.here) && canSee(setting, through.entity, through.there))
}

export function visibleFields(setting: Setting, entity: EntityName): readonly string[] {
  return Object.keys(ENTITIES[entity].fields).filter((field) => canSee(setting, entity, field))
}

/** The value of a field of a row that is seen; null where the caller does not see it there. */
export function shownValue(setting: Setting, entity: EntityName, row: Row, field: string): Value {
  return seesField(setting, entity, row, field) ? rawValue(setting.tables, entity, row, field) : null
}

function seesField(setting: Setting, entity: EntityName, row: Row, field: string): boolean {
  const { allow, deny } = heldRules(setting, entity, 'read')
  if (!allow.some((rule) => isNamed(rule, field) && admits(setting, rule, row))) return false
  if (deny.some((rule) => isNamed(rule, field) && forbids(setting, rule, row))) return false
  const { computed } = fieldOf(entity, field)
  if (!computed) return true
  if (!computed.reads.every((read) => seesField(setting, entity, row, read))) return false
  return !computed.related || seesRelated(setting, entity, row, computed.related)
}

function seesRelated(
  setting: Setting,
  entity: EntityName,
  row: Row,
  { relation: name, field }: { readonly relation: string; readonly field: string },
): boolean {
  const { to, here, there } = relationOf(entity, name)
  const link = shownValue(setting, entity, row, here)
  const other = setting.tables[to].find((one) => link !== null && one[there] === link)
  if (!other || !seesRow(setting, to, other) || !seesField(setting, to, other, there)) return false
  return seesField(setting, to, other, field)
}

/** A row as the caller sees it: nothing of what can never be seen, null for what is not seen here. */
export type Seen = Readonly<Record<string, Value>>

/** All rows of an entity that the caller sees, as they are seen. */
export function seenRows(setting: Setting, entity: EntityName): readonly Seen[] {
  const fields = visibleFields(setting, entity)
  return setting.tables[entity]
    .filter((row) => seesRow(setting, entity, row))
    .map((row) => showRow(setting, entity, row, fields))
}

export function showRow(setting: Setting, entity: EntityName, row: Row, fields: readonly string[]): Seen {
  return Object.fromEntries(fields.map((field) => [field, shownValue(setting, entity, row, field)]))
}
