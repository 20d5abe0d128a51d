/** The sample rows in Postgres, and expressions worked out there, row by row, errors told from values. */

import type { Expression, ExpressionType, Json } from '@backsaas/core'
import { type FieldType, physicalType, type VariableName } from '@backsaas/core'
import { type JsRow, quotedLiteral, type SqlEnvironment, toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import { createFreshDatabase, type FreshDatabase } from '../../packages/adapters/test/fresh-database.ts'
import { CANON_SQL } from './canonical.ts'
import { FIELDS, type SampleRow } from './sample-schema.ts'

/** Results of one expression by row: Postgres' text, null, or `error`; or what is wrong with the SQL itself. */
export type Results = ReadonlyMap<number, string | null> | { readonly fault: string }

export interface Evaluation {
  readonly results: readonly Results[]
  /** Of conditions, whether each row passes a `where`; null of anything else. */
  readonly conditions: readonly (Results | null)[]
  readonly now: bigint
}

export interface SampleDatabase {
  /** The rows as the API's JSON has them, in the order in which they came. */
  readonly rows: readonly JsRow[]
  /** Works out expressions over all rows, in one transaction. */
  evaluate(trees: readonly Expression[]): Promise<Evaluation>
  drop(): Promise<void>
}

/** What stands for an error of class 22. */
export const ERROR = '\u0000error'

/** In the order of the parameters of `run`. */
export const VARIABLES: Readonly<Record<VariableName, Json>> = {
  'current_user.id': '018F0000-0000-7000-8000-000000000001',
  'current_user.kind': 'user',
  'current_user.roles': ['a', 'lead', 'admin'],
  'current_user.email': null,
  'tenant.id': '12',
  'tenant.slug': 'not-a-uuid',
}

/** @param parents the index of each row's parent, or null. Inputs are the rows in reverse. */
export async function createSampleDatabase(
  rows: readonly SampleRow[],
  parents: readonly (number | null)[],
): Promise<SampleDatabase> {
  const fresh = await createFreshDatabase()
  const columns = Object.entries(FIELDS).map(([name, { type, list }]) => {
    const physical = physicalType(type, list)
    // An order of texts that is not that of their bytes, which expressions must not depend on.
    return `"${name}" ${physical}${physical.startsWith('text') ? ' collate "en-x-icu"' : ''}`
  })
  await fresh.query(`set timezone to 'Asia/Kathmandu'; ${CANON_SQL}; ${RUN_SQL};
    create table items (id bigint primary key, parent_id bigint, ${columns.join(', ')});
    ${rows.map((row, index) => insertSql(row, index, parents[index] ?? null)).join(';')}`)
  await fresh.query("set timezone to 'UTC'")
  const read = await fresh.query(`select ${readSql()} as row from items order by id`)
  await fresh.query("set timezone to 'Asia/Kathmandu'")
  return {
    rows: read.map(({ row }) => row as JsRow), // an object, as readSql makes it
    evaluate: (trees) => evaluate(fresh, trees),
    drop: () => fresh.drop(),
  }
}

function insertSql(row: SampleRow, index: number, parent: number | null): string {
  const values = Object.entries(row).map(([name, value]) => {
    const { type, list } = FIELDS[name] ?? { type: 'string', list: false }
    const text = Array.isArray(value) ? arrayText(value) : (value as string | null) // the one or the other
    return text === null ? 'null' : `${quote(text)}::${physicalType(type, list)}`
  })
  return `insert into items values (${[index, parent ?? 'null', ...values].join(', ')})`
}

function arrayText(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).join(',')}}`
}

function quote(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** As the API answers, with numbers as text, since JSON.parse would round them. */
function readSql(): string {
  const exact: readonly FieldType[] = ['bigint', 'decimal', 'integer']
  const pairs = Object.entries(FIELDS).map(([name, { type, list }]) => {
    const value = exact.includes(type) ? `"${name}"::text${list ? '[]' : ''}` : `"${name}"`
    return `jsonb_build_object('${name}', to_json(${value}))`
  })
  return `${pairs.join(' || ')} || jsonb_build_object('id', id, 'parent_id', parent_id)`
}

/**
 * Every expression is planned with the variables as known parameters, which is where errors could come too early. Conditions
 * are asked as conditions too, whose parts the planner puts in an order of its own.
 */
const RUN_SQL = `
  create function run_where(expression text, variables text[], roles text[], uuids uuid[]) returns text language plpgsql as $$
  declare
    list text := 'select count(*) > 0 from (select * from items where id = $4 offset 0) t
      join (select * from items where id = (select max(id) from items) - $4 offset 0) n on true where ' || expression;
    holds boolean; all_rows jsonb := '{}'; row_id bigint;
  begin
    for row_id in select id from items loop
      begin
        execute list into holds using variables, roles, uuids, row_id;
        all_rows := all_rows || jsonb_build_object(row_id, holds::text);
      exception when data_exception then
        all_rows := all_rows || jsonb_build_object(row_id, '#error');
      end;
    end loop;
    return all_rows::text;
  exception when others then
    return to_json(sqlstate || ' ' || sqlerrm)::text;
  end $$;
  create function run(expression text, variables text[], roles text[], uuids uuid[]) returns text language plpgsql as $$
  declare
    list text := 'select json_object_agg(r.id, r.v) from (select t.id, canon(' || expression || ') as v
      from items t join items n on n.id = (select max(id) from items) - t.id where t.id = coalesce($4, t.id)) r';
    result text; one json; all_rows jsonb := '{}'; row_id bigint;
  begin
    begin
      execute list into result using variables, roles, uuids, null::bigint;
      return result;
    exception when data_exception then null;
    end;
    for row_id in select id from items loop
      begin
        execute list into one using variables, roles, uuids, row_id;
        all_rows := all_rows || one::jsonb;
      exception when data_exception then
        all_rows := all_rows || jsonb_build_object(row_id, '#error');
      end;
    end loop;
    return all_rows::text;
  exception when others then
    return to_json(sqlstate || ' ' || sqlerrm)::text;
  end $$`

async function evaluate(fresh: FreshDatabase, trees: readonly Expression[]): Promise<Evaluation> {
  const texts = Object.values(VARIABLES).map((value) => (typeof value === 'string' ? quote(value) : 'null'))
  const uuids = Object.values(VARIABLES).map((value) => (isUuid(value) ? quote(String(value)) : 'null'))
  const roles = (VARIABLES['current_user.roles'] as string[]).map(quote) // as given above
  const variables = `array[${texts.join(', ')}]::text[], array[${roles.join(', ')}]::text[], array[${uuids.join(', ')}]::uuid[]`
  const calls = trees.map((tree, index) => `(${index}, ${quote(renderSql(tree))}, ${tree.type === 'bool'})`).join(', ')
  const [answer] = await fresh.query(`
    select floor(extract(epoch from now()) * 1000000)::bigint::text as now,
      json_agg(run(e.x, ${variables}) order by e.i) as results,
      json_agg(case when e.b then run_where(e.x, ${variables}) end order by e.i) as conditions
    from (values ${calls}) as e(i, x, b)`)
  const results = (answer?.results ?? []) as readonly string[] // as the statement makes them
  const conditions = (answer?.conditions ?? []) as readonly (string | null)[]
  return {
    results: results.map(readResults),
    conditions: conditions.map((text) => (text === null ? null : readResults(text))),
    now: BigInt(String(answer?.now)),
  }
}

function isUuid(value: Json): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
}

function readResults(text: string): Results {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed === 'string') return { fault: parsed }
  const entries = Object.entries(parsed as Record<string, string | null>) // json_object_agg of texts
  return new Map(entries.map(([id, value]) => [Number(id), value === '#error' ? ERROR : value]))
}

/** The SQL of an expression over `t`, its input `n`, with variables as parameters. */
export function renderSql(tree: Expression): string {
  return toSql(tree, environment()).toQuery({
    casing: new CasingCache(),
    escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
    escapeParam: (index) => `$${index + 1}`,
    escapeString: (text) => quote(text),
  }).sql
}

function environment(row: string | null = null): SqlEnvironment {
  const names = Object.keys(VARIABLES)
  const column = (alias: string, field: string): SQL => sql.raw(`${alias}."${field}"`)
  return {
    field: (from, field) => column(from === null ? 't' : row === from ? 'c' : 'missing', field),
    related: (_, field) => sql`(select ${column('p', field)} from items p where p.id = t.parent_id)`,
    relation: (_, name, where) =>
      sql`exists (select from items c where c.parent_id = t.id and ${where(environment(name))})`,
    input: (field) => column('n', field),
    variable(name, type) {
      const index = names.indexOf(name) + 1
      if (name === 'current_user.roles') return sql`$2`
      return sql.raw(type === 'uuid' ? `$3[${index}]` : `$1[${index}]`)
    },
    literal: (text: string, type: ExpressionType) => quotedLiteral(text, type),
  }
}
