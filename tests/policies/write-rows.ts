/** What rules make of the rows of a write: which may be changed, which may become what they would. */

import { type Action, nameable, type Rule } from './rules.ts'
import { admits, canSee, forbids, heldRules, isClosed, isNamed, judgeRow, type Rules, type Setting } from './sight.ts'
import { ENTITIES, type EntityName, type Row } from './world.ts'

/** Whether the caller may do the action on no row at all. */
export function isShut(setting: Setting, entity: EntityName, action: Action): boolean {
  return isClosed(heldRules(setting, entity, action))
}

/** What the caller knows a given field as. */
export type Standing = 'given' | 'seen' | 'unknown'

export function standingOf(setting: Setting, entity: EntityName, action: Action, field: string): Standing {
  const { allow, deny } = heldRules(setting, entity, action)
  const closed = isClosed({ allow, deny })
  const granted =
    !closed &&
    nameable(entity, action).includes(field) &&
    allow.some((rule) => isNamed(rule, field)) &&
    !deny.some((rule) => rule.where === undefined && isNamed(rule, field))
  if (granted) return 'given'
  return canSee(setting, entity, field) ? 'seen' : 'unknown'
}

/** For each given field the rules that grant it; with no field given, all of them. */
function granting({ allow }: Rules, given: readonly string[]): readonly (readonly Rule[])[] {
  return given.length === 0 ? [allow] : given.map((field) => allow.filter((rule) => isNamed(rule, field)))
}

function isForbidden(setting: Setting, { deny }: Rules, row: Row, given: readonly string[]): boolean {
  return deny.some(
    (rule) =>
      (rule.fields === undefined || given.some((field) => rule.fields?.includes(field))) && forbids(setting, rule, row),
  )
}

function passes(setting: Setting, { entity, check }: Rule, row: Row): boolean {
  return check === undefined || judgeRow(setting, entity, row, check) === true
}

/** Whether a row may be made so. */
export function mayCreate(setting: Setting, entity: EntityName, row: Row, given: readonly string[]): boolean {
  const rules = heldRules(setting, entity, 'create')
  return (
    granting(rules, given).every((group) =>
      group.some((rule) => admits(setting, rule, row) && passes(setting, rule, row)),
    ) && !isForbidden(setting, rules, row, given)
  )
}

/** Whether a row as it is may be changed in these fields. */
export function mayUpdate(setting: Setting, entity: EntityName, row: Row, given: readonly string[]): boolean {
  const rules = heldRules(setting, entity, 'update')
  return (
    granting(rules, given).every((group) => group.some((rule) => admits(setting, rule, row))) &&
    !isForbidden(setting, rules, row, given)
  )
}

/** Whether a row that may be changed may become so. */
export function mayBecome(setting: Setting, entity: EntityName, old: Row, row: Row, given: readonly string[]): boolean {
  return granting(heldRules(setting, entity, 'update'), given).every((group) =>
    group.some((rule) => admits(setting, rule, old) && passes(setting, rule, row)),
  )
}

export function mayDelete(setting: Setting, entity: EntityName, row: Row): boolean {
  const rules = heldRules(setting, entity, 'delete')
  return rules.allow.some((rule) => admits(setting, rule, row)) && !isForbidden(setting, rules, row, [])
}

/** A new row with all that nobody gives. */
export function filled({ caller }: Setting, entity: EntityName, given: Row): Row {
  const row: Record<string, Row[string]> = {}
  for (const [name, { computed, system, fallback, type }] of Object.entries(ENTITIES[entity].fields)) {
    if (computed) continue
    const callerId = type === 'uuid' && !caller.id.includes('-') ? null : caller.id
    if (system) row[name] = system === 'revision' ? 1 : caller.id
    else if (Object.hasOwn(given, name)) row[name] = given[name] ?? null
    else row[name] = fallback === undefined ? null : fallback === 'caller' ? callerId : fallback.literal
  }
  return row
}

/** A row with the values that it is given. */
export function changed(entity: EntityName, row: Row, change: Row): Row {
  const touched = Object.hasOwn(ENTITIES[entity].fields, 'revision') ? { revision: Number(row.revision) + 1 } : {}
  return { ...row, ...change, ...touched }
}
