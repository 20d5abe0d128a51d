/** The rows that a write would change, whole, whatever of them its caller may see: hooks are the schema's own. */
import { type CompiledField, invariant, type Operation } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { RenderedStatement } from '../binding/rendered-statement.ts'
import { reachable } from './plan-change.ts'
import { markColumns } from './plan-marks.ts'
import { ENTER } from './plan-read.ts'
import { render } from './render.ts'
import { type PlanScope, rootScope } from './scope.ts'

/** JSON loses digits of these where it is parsed. */
const EXACT: ReadonlySet<CompiledField['type']> = new Set(['decimal', 'bigint'])

/** One text: a JSON array of `{ row, mark }`. */
export function planOldRows(schema: BoundSchema, operation: Operation, max: number): RenderedStatement {
  const scope = rootScope(schema, operation.entity, sql.raw('x.tenant'))
  const fields = Object.values(scope.entity.compiled.fields).filter(({ name }) => scope.entity.columns[name])
  const row = fields.map((field) => sql`${name(field.name)}, ${columnOf(scope, field)}`)
  const mark = markColumns(scope).map(({ name: key, old }) => sql`${name(key)}, ${old}`)
  const rows = sql`select ${object(row)} as row, ${object(mark)} as mark from ${scope.entity.table} ${scope.alias} where ${reachable(scope, operation)} limit ${sql.raw(String(max))}`
  return render(
    sql`select (select coalesce(json_agg(r.*)::text, '[]') from (${rows}) r) as rows from ${ENTER} as x(tenant)`,
  )
}

function columnOf(scope: PlanScope, { name: field, type, list }: CompiledField): SQL {
  const column = scope.entity.columns[field]
  invariant(column, `no column for ${field}`)
  return EXACT.has(type) && !list ? sql`${scope.alias}.${column}::text` : sql`${scope.alias}.${column}`
}

/** A function takes 100 arguments; a row may have more fields. */
function object(pairs: readonly SQL[]): SQL {
  const parts: SQL[] = []
  for (let at = 0; at < pairs.length; at += 50)
    parts.push(sql`jsonb_build_object(${sql.join(pairs.slice(at, at + 50), sql`, `)})`)
  return sql.join(parts, sql` || `)
}

function name(text: string): SQL {
  return sql.raw(`'${text.replaceAll("'", "''")}'`)
}
