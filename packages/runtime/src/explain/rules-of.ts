/** Which rules hold for a caller, an entity and an action, in the order of the schema and its policies. */
import type { AccessRule, Action } from '@backsaas/core'
import type { AccessView } from '../access/view.ts'

/** @example rulesOf(view, ['sales'], 'contacts', 'read').map((rule) => rule.place) */
export function rulesOf(
  { decisions }: AccessView,
  roles: readonly string[],
  entity: string,
  action: Action,
): readonly AccessRule[] {
  const indexes = new Set(
    roles.flatMap((role) => {
      const held = Object.hasOwn(decisions.roles, role) ? decisions.roles[role] : undefined
      return held && Object.hasOwn(held, entity) ? (held[entity]?.[action] ?? []) : []
    }),
  )
  return [...indexes].sort((a, b) => a - b).flatMap((index) => decisions.rules[index] ?? [])
}
