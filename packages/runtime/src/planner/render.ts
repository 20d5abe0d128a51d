/** A drizzle `sql` tree → statement text, once per shape; values stay outside as named places. */
import { invariant } from '@backsaas/core'
import { Placeholder, type SQL, sql } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import type { ParamSource, RenderedStatement } from '../binding/rendered-statement.ts'

/** A place for a value that comes with each request. */
export function value(source: ParamSource): SQL {
  return sql`${sql.placeholder(String(source))}`
}

/** Undoes the statement from inside it; `detail` comes back in the error. */
export function refuse(state: string, detail: SQL): SQL {
  return sql`backsaas.refuse(${sql.raw(`'${state}'`)}, ${detail})`
}

/** A value has one number however often it stands in the text: so what is grouped by is what is selected. */
export function render(query: SQL): RenderedStatement {
  const numbers = new Map<ParamSource, number>()
  const { sql: text } = query.toQuery({
    casing: new CasingCache(),
    escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
    escapeParam: (_index, param) => {
      const source = sourceOf(param)
      const number = numbers.get(source) ?? numbers.size + 1
      numbers.set(source, number)
      return `$${number}`
    },
    escapeString: (literal) => `'${literal.replaceAll("'", "''")}'`,
  })
  return { text, params: [...numbers.keys()] }
}

function sourceOf(param: unknown): ParamSource {
  invariant(param instanceof Placeholder, 'a planned statement holds a value outside its places')
  const name = String(param.name)
  // The name was made from a ParamSource by `value` above.
  return /^\d+$/.test(name) ? Number(name) : (name as ParamSource)
}
