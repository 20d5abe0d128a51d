/** What the rules ask of a row, as the planner asks it. */

import type { Action } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import type { EntityAccess } from '../access/entity-access.ts'
import { admitted } from '../planner/rules.ts'
import type { PlanScope } from '../planner/scope.ts'
import { becomes, creatable, entityAccess, updatable } from '../planner/write-rules.ts'

/**
 * @param columns the fields that are to be seen, or that are given.
 * @param next of an update whose input is known: the scope in which columns are what they become.
 * @returns true for all rows, false for none, or SQL that is true of those that are let through.
 */
export function conditionOf(
  scope: PlanScope,
  action: Action,
  columns: readonly string[],
  next: PlanScope | null,
): SQL | boolean {
  const access = entityAccess(scope)
  if (access === null) return true
  const parts = partsOf(scope, access, action, columns, next)
  if (parts === null) return false
  const conditions = parts.filter((part) => part !== null)
  return conditions.length === 0 ? true : sql.join(conditions, sql` and `)
}

/** Null where no row is let through. */
function partsOf(
  scope: PlanScope,
  access: EntityAccess,
  action: Action,
  columns: readonly string[],
  next: PlanScope | null,
): readonly (SQL | null)[] | null {
  if (action === 'create') return access.create && [creatable(scope, access.create, columns)]
  if (access.read === null) return null
  const seen = admitted(scope, access.read.rows)
  switch (action) {
    case 'read': {
      const guards = columns.map((field) => seenField(scope, access, field))
      return guards.includes(false) ? null : [seen, ...guards.filter((guard) => guard !== false && guard !== true)]
    }
    case 'update':
      return (
        access.update && [
          seen,
          updatable(scope, access.update, columns),
          next && becomes(scope, next, access.update, columns),
        ]
      )
    case 'delete':
      return access.delete && [seen, admitted(scope, access.delete)]
  }
}

/** Whether a row that is seen shows the field. */
export function seenField(scope: PlanScope, { read }: EntityAccess, field: string): SQL | boolean {
  const guards = read?.fields.get(field)
  if (guards === undefined) return false
  const parts = guards.flatMap((guard) => admitted(scope, guard) ?? [])
  return parts.length === 0 ? true : sql.join(parts, sql` and `)
}
