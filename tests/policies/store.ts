/** Writes and reads a tenant's rows beside the product, as the database's owner. */
import type { Fixture } from '../fixture/start-fixture.ts'
import { toCel } from './expression.ts'
import { leftOut, type Rule } from './rules.ts'
import { ENTITIES, ENTITY_NAMES, type EntityName, type Row, type Tables, type Value } from './world.ts'

/** Where a world's rows stand. */
export interface StoreNames {
  readonly schema: string
  readonly entities: Readonly<Record<string, { table: string; columns: Readonly<Record<string, string>> }>>
}

export async function storeNames(fixture: Fixture, schema: string): Promise<StoreNames> {
  const [row] = await fixture.ownerQuery(
    `select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = ${literal(schema)} and v.state = 'live' order by v.version desc limit 1`,
  )
  return JSON.parse(row?.[0] ?? '')
}

export async function writeTables(fixture: Fixture, names: StoreNames, tenant: string, tables: Tables): Promise<void> {
  for (const entity of ENTITY_NAMES) {
    const fields = givenFields(entity)
    const columns = ['tenant_id', ...fields.map((field) => columnOf(names, entity, field))].map(quote).join()
    const rows = tables[entity].map(
      (row) => `(${[tenant, ...fields.map((field) => row[field] ?? null)].map(literal).join()})`,
    )
    if (rows.length > 0)
      await fixture.ownerQuery(`insert into ${tableOf(names, entity)} (${columns}) values ${rows.join()}`)
  }
}

/** Adds to the rules of a tenant's schema, before the tenant is asked for anything. */
export async function writePolicies(
  fixture: Fixture,
  schema: string,
  tenant: string,
  rules: readonly Rule[],
): Promise<void> {
  if (rules.length === 0) return
  const { schema: store, entities } = await storeNames(fixture, 'platform')
  const { table, columns } = entities.policies ?? { table: '', columns: {} }
  const fields = ['schema', 'role', 'entity', 'action', 'effect', 'where', 'check', 'fields', 'except']
  const system = { id: 'gen_random_uuid()', created_at: 'now()', updated_at: 'now()', revision: '1' }
  const names = [...Object.keys(system), ...fields].map((field) => quote(columns[field] ?? ''))
  const rows = rules.map((rule) => {
    const { role, entity, action, effect, where, check, fields: named, asExcept } = rule
    const listed = named === undefined ? [null, null] : asExcept ? [null, leftOut(rule)] : [named, null]
    const texts = [schema, role, entity, action, effect, where ? toCel(where) : null, check ? toCel(check) : null]
    const lists = listed.map((list) => (list === null ? null : `{${list.join()}}`))
    return `(${[literal(tenant), ...Object.values(system), ...[...texts, ...lists].map(literal)].join()})`
  })
  await fixture.ownerQuery(
    `insert into ${quote(store)}.${quote(table)} ("tenant_id", ${names.join()}) values ${rows.join()}`,
  )
}

export async function readTables(fixture: Fixture, names: StoreNames, tenant: string): Promise<Tables> {
  const parts = ENTITY_NAMES.map((entity) => {
    const fields = [...givenFields(entity), ...storedFields(entity)]
    const columns = fields.map((field) => `${quote(columnOf(names, entity, field))} as ${quote(field)}`).join()
    const rows = `select ${columns} from ${tableOf(names, entity)} where tenant_id = ${literal(tenant)}`
    return `${literal(entity)}, (select coalesce(json_agg(r), '[]') from (${rows}) r)`
  })
  const [row] = await fixture.ownerQuery(`select json_build_object(${parts.join()})`)
  return JSON.parse(row?.[0] ?? '')
}

/** The same rows in any order say the same. */
export function sameTables(a: Tables, b: Tables): boolean {
  return ENTITY_NAMES.every((entity) => JSON.stringify(canonical(entity, a)) === JSON.stringify(canonical(entity, b)))
}

function canonical(entity: EntityName, tables: Tables): readonly string[] {
  return tables[entity]
    .map((row) => JSON.stringify(givenFields(entity).map((field) => ordered(row[field] ?? null))))
    .sort()
}

/** Keys of objects in one order. */
function ordered(value: Value): Value {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Stored computed fields that are not what they should be. */
export function staleRows(tables: Tables): readonly Row[] {
  return tables.projects.filter(({ label, tag }) => (tag ?? null) !== (label === null ? null : `${label}#`))
}

function givenFields(entity: EntityName): readonly string[] {
  return Object.entries(ENTITIES[entity].fields).flatMap(([name, { computed }]) => (computed ? [] : [name]))
}

function storedFields(entity: EntityName): readonly string[] {
  return Object.entries(ENTITIES[entity].fields).flatMap(([name, { computed }]) => (computed?.stored ? [name] : []))
}

function columnOf({ entities }: StoreNames, entity: EntityName, field: string): string {
  const column = entities[entity]?.columns[field]
  if (column === undefined) throw new Error(`no column for ${entity}.${field}`)
  return column
}

function tableOf({ schema, entities }: StoreNames, entity: EntityName): string {
  return `${quote(schema)}.${quote(entities[entity]?.table ?? '')}`
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function literal(value: Value): string {
  if (value === null) return 'null'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return `'${text.replaceAll("'", "''")}'`
}
