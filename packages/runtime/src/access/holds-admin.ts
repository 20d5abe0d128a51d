/** The role that every schema has, that what has no rules is open to, and what roles come to with all that they inherit. */
import type { CompiledSchema } from '@backsaas/core'

export const ADMIN = 'admin'

/** Whether one of the roles is `admin` or inherits it. */
export function holdsAdmin(roles: readonly string[], schema: CompiledSchema): boolean {
  return roles.includes(ADMIN) || effectiveRoles(roles, schema).has(ADMIN)
}

/** The roles, and all that they inherit. */
export function effectiveRoles(roles: readonly string[], schema: CompiledSchema): ReadonlySet<string> {
  const seen = new Set(roles)
  // A Set is walked on to what is added while walking.
  for (const role of seen)
    for (const inherited of Object.hasOwn(schema.roles, role) ? (schema.roles[role]?.inherits ?? []) : [])
      seen.add(inherited)
  return seen
}
