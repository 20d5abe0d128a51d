/** A drizzle `sql` tree → statement text, once per shape; values stay outside as named places. */
import { invariant } from '@backsaas/core'
import { Placeholder, type SQL, sql } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import type { ParamSource, RenderedStatement } from '../binding/rendered-statement.ts'

/** A place for a value that comes with each request. */
export function value(source: ParamSource): SQL {
  return sql`${sql.placeholder(String(source))}`
}

export function render(query: SQL): RenderedStatement {
  const { sql: text, params } = query.toQuery({
    casing: new CasingCache(),
    escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
    escapeParam: (index) => `$${index + 1}`,
    escapeString: (literal) => `'${literal.replaceAll("'", "''")}'`,
  })
  return { text, params: params.map(sourceOf) }
}

function sourceOf(param: unknown): ParamSource {
  invariant(param instanceof Placeholder, 'a planned statement holds a value outside its places')
  const name = String(param.name)
  // The name was made from a ParamSource by `value` above.
  return /^\d+$/.test(name) ? Number(name) : (name as ParamSource)
}
