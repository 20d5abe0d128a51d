/** Rows → one text that Postgres builds: their number, then JSON or CSV. */
import type { Operation, Selection } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { namesOf } from './plan-rows.ts'

/** `<rows> <text>`, the number in front so that one pass gives both. */
export function planBody(rows: SQL, format: Operation['format'], select: readonly Selection[]): SQL {
  if (format === 'csv') return planCsv(rows, namesOf(select))
  const row = format === 'stripped' ? sql`json_strip_nulls(row_to_json(r.*))` : sql`row_to_json(r.*)`
  return sql`select count(*)::text || ' ' || coalesce(json_agg(${row})::text, '[]') from (${rows}) r`
}

/** RFC 4180 with a header line; null is an empty field, an empty text a quoted one. */
function planCsv(rows: SQL, names: readonly string[]): SQL {
  const header = quoted(names.map(csvCell).join(','))
  const cells = names.map((name) => planCell(sql`r.${sql.identifier(name)}::text`))
  const line = cells.length === 0 ? sql`''` : sql.join(cells, sql` || ',' || `)
  return sql`select count(*)::text || ' ' || ${header} || coalesce(E'\n' || string_agg(${line}, E'\n'), '') from (${rows}) r`
}

/** A spreadsheet would run what begins with = + - @: such a text gets an apostrophe, a number does not. */
function planCell(text: SQL): SQL {
  const escaped = sql`'"' || replace(${text}, '"', '""') || '"'`
  return sql`case when ${text} is null then '' when ${text} = '' then '""' when ${text} ~ '^[=+@\t\r-]' and ${text} !~ '^[+-]?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?$' then '"''' || replace(${text}, '"', '""') || '"' when ${text} ~ '[",\r\n]' then ${escaped} else ${text} end`
}

function csvCell(name: string): string {
  const safe = /^[=+@\t\r-]/.test(name) ? `'${name}` : name
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function quoted(text: string): SQL {
  return sql.raw(`'${text.replaceAll("'", "''")}'`)
}
