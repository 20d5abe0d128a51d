/** What the tables of a version are in Postgres, by logical names, so that two placements of one schema can be compared. */
import type { Mapping } from '@backsaas/core'

type Query = (text: string) => Promise<readonly (readonly (string | null)[])[]>

/** Columns, constraints, indexes, triggers and rights of each entity, as sorted lines. */
export async function readShape(query: Query, { schema, entities }: Mapping): Promise<readonly string[]> {
  const logical = new Map(Object.entries(entities).map(([name, { table }]) => [table, name]))
  const tables = [...logical.keys()].map((table) => `'${table}'`).join(', ')
  const of = `n.nspname = '${schema}' and c.relname in (${tables})`
  const from = 'from pg_class c join pg_namespace n on n.oid = c.relnamespace'
  const names = (column: string, rel: string): string =>
    `(select string_agg(a.attname, '/' order by u.n) from unnest(${column}) with ordinality u(num, n)
      join pg_attribute a on a.attrelid = ${rel} and a.attnum = u.num)`
  const rows = await query(`
    select c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text
    ${from} join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where ${of} and a.attnum > 0 and not a.attisdropped
    union all
    select c.relname, 'constraint ' || k.contype::text || k.confdeltype::text || k.convalidated::text || coalesce((select t.relname from pg_class t where t.oid = k.confrelid), ''),
      ${names('k.conkey', 'k.conrelid')}, case when k.contype = 'c' then pg_get_constraintdef(k.oid) else '' end
    ${from} join pg_constraint k on k.conrelid = c.oid where ${of} and k.contype <> 'n'
    union all
    select c.relname, 'index ' || x.indisunique || x.indisvalid, ${names('x.indkey::int2[]', 'x.indrelid')}, ''
    ${from} join pg_index x on x.indrelid = c.oid where ${of}
    union all
    select c.relname, 'trigger', '', t.tgname ${from} join pg_trigger t on t.tgrelid = c.oid where ${of} and not t.tgisinternal
    union all
    select c.relname, 'security', '', c.relrowsecurity || ' ' || c.relforcerowsecurity || ' ' || (select count(*) from pg_policy p where p.polrelid = c.oid)
    ${from} where ${of}`)
  const lines = rows.map(([table, what, columns, definition]) => {
    const entity = logical.get(String(table)) ?? ''
    const fields = Object.entries(entities[entity]?.columns ?? {})
    const name = (column: string): string => fields.find(([, physical]) => physical === column)?.[0] ?? column
    const shown = String(columns ?? '')
      .split('/')
      .map(name)
      .join('/')
    const text = String(definition ?? '').replace(/\b[a-z]\w*\b/g, (word) =>
      String(what).startsWith('constraint') ? name(word) : word,
    )
    const target = String(what).replace(/(true|false)(\w+)$/, (_, flag, to) => flag + (logical.get(to) ?? to))
    return `${entity} ${target} ${shown} ${text}`
  })
  return lines.toSorted()
}
