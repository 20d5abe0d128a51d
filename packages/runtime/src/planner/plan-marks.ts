/** How a row that hooks have seen is found again, and found to be still the same. */
import { type SQL, sql } from 'drizzle-orm'
import { columnType, type PlanScope } from './scope.ts'

/** What a row is known again by: its key, and the version that Postgres keeps of it. */
export function markColumns(
  scope: PlanScope,
): readonly { readonly name: string; readonly type: string; readonly old: SQL; readonly same: SQL }[] {
  const key = scope.entity.compiled.key.map((field) => {
    const column = sql`${scope.alias}.${scope.entity.columns[field]}`
    return { name: `+${field}`, type: columnType(scope, field), old: sql`${column}::text`, same: column }
  })
  const version = sql`${scope.alias}.xmin::text`
  return [...key, { name: '+xmin', type: 'text', old: version, same: version }]
}
