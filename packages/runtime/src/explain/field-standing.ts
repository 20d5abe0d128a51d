/** Whether a field is seen, or may be given, on every row that the action is allowed on, on some, or on none. */
import type { AccessRule, CompiledEntity } from '@backsaas/core'
import { type EntityAccess, names, type WriteAccess } from '../access/entity-access.ts'
import type { Question } from './question.ts'

export type Standing = 'always' | 'sometimes' | 'never'

/**
 * @param access null where there are no rules: all or nothing.
 * @returns by field, in the order of the entity; nothing for a delete, which is of whole rows.
 */
export function fieldStandings(
  action: Question['action'],
  entity: CompiledEntity,
  access: EntityAccess | null,
  isOpen: boolean,
): Readonly<Record<string, Standing>> {
  if (action === 'delete') return {}
  const standing = (field: string): Standing => {
    const { writable } = entity.fields[field] ?? { writable: false }
    if (access === null) return isOpen && (action === 'read' || writable) ? 'always' : 'never'
    if (action === 'read') return seen(access, field)
    return given(access[action], field)
  }
  return Object.fromEntries(Object.keys(entity.fields).map((field) => [field, standing(field)]))
}

function seen({ read }: EntityAccess, field: string): Standing {
  const guards = read?.fields.get(field)
  return guards === undefined ? 'never' : guards.length === 0 ? 'always' : 'sometimes'
}

/** Always, where what is asked of the row for this field is what is asked of it for any. */
function given(access: WriteAccess | null, field: string): Standing {
  if (!access?.fields.has(field)) return 'never'
  const { allow, deny } = access
  const granting = allow.filter((rule) => names(rule, field))
  const forbidding = deny.filter((rule) => rule.fields !== undefined && names(rule, field))
  const free = granting.some((rule) => !rule.where && !rule.check) || conditionsOf(granting) === conditionsOf(allow)
  return free && forbidding.length === 0 ? 'always' : 'sometimes'
}

function conditionsOf(rules: readonly AccessRule[]): string {
  const conditions = rules.map(({ where, check }) => JSON.stringify([where?.source ?? null, check?.source ?? null]))
  return [...new Set(conditions)].sort().join()
}
