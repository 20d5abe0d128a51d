/** One pair of schemas: migrated from one to the other, looked at with both live, and compared with a database that never knew the first. */
import type { CompiledSchema, Database, Mapping } from '@backsaas/core'
import { expect } from 'vitest'
import { convergePlacement } from '../../src/execute/converge-placement.ts'
import { readMigration } from '../../src/execute/migration-row.ts'
import { migratorTransaction } from '../../src/execute/migrator-transaction.ts'
import { rollbackMigration } from '../../src/execute/rollback-migration.ts'
import { runMigration } from '../../src/execute/run-migration.ts'
import { diffSchemas } from '../../src/plan/diff.ts'
import { readableNaming } from '../../src/plan/names.ts'
import { findTenant } from '../../src/registry/find-tenant.ts'
import { readPlatform } from '../../src/registry/platform.ts'
import { compileToPublish } from '../../src/registry/publish-document.ts'
import { publishOrRequest } from '../../src/registry/publish-or-request.ts'
import { type Change, type Doc, named, TARGET } from './changes.ts'
import { readShape } from './read-shape.ts'

export interface Chosen {
  readonly change: Change
  readonly field: string
}

export type Rows = readonly (readonly (string | null)[])[]

const TENANTS = ['018f0000-0000-7000-8000-00000000000a', '018f0000-0000-7000-8000-00000000000b']
const ROWS = 6

/** @param back whether it is taken back once on the way. */
export async function runPair(
  database: Database,
  query: (text: string) => Promise<Rows>,
  name: string,
  chosen: readonly Chosen[],
  back: boolean,
): Promise<void> {
  const before = documentOf(name, chosen, 'before')
  const after = documentOf(name, chosen, 'after')
  const first = await publish(database, before)
  await fill(query, await mappingOf(query, name, 1), chosen)
  const shape = await readShape(query, await mappingOf(query, name, 1))
  let to = await publish(database, after)
  if (to.migrationId !== null && back) {
    await run(database, to.migrationId, 'live')
    await rollbackMigration(database, to.migrationId)
    await convergePlacement(database, to.placementId)
    expect(await readShape(query, await mappingOf(query, name, 1)), 'taken back').toEqual(shape)
    to = await publish(database, after)
  }
  if (to.migrationId !== null) await run(database, to.migrationId, 'live')
  const version = await newest(query, name)
  const mapping = await mappingOf(query, name, version)
  await check(query, mapping, chosen)
  await touch(query, first.placementId, await mappingOf(query, name, 1), mapping, chosen)
  if (to.migrationId !== null) {
    await run(database, to.migrationId, 'done')
    await check(query, mapping, chosen)
  }
  await convergePlacement(database, to.placementId)
  await compareWithFresh(database, query, { name, version, chosen })
}

/** As a database has it that never knew another version. */
export async function compareWithFresh(
  database: Database,
  query: (text: string) => Promise<Rows>,
  { name, version, chosen }: { readonly name: string; readonly version: number; readonly chosen: readonly Chosen[] },
): Promise<void> {
  const after = documentOf(name, chosen, 'after')
  const mapping = await mappingOf(query, name, version)
  const fresh = `${name}_fresh`
  await publish(database, { ...documentOf(name, chosen, 'after'), schema: fresh })
  const made = await readShape(query, await mappingOf(query, fresh, 1))
  // A default is each version's own; the column's serves writers that know neither.
  const told = (line: string): string =>
    chosen.some(({ change, field }) => change.row === 'change default' && line.startsWith(`e column ${field} `))
      ? line.replace(/'[ab]'::text$/, '')
      : line
  expect((await readShape(query, mapping)).map(told), 'as if it had been made so').toEqual(made.map(told))
  const stored = JSON.parse(await versionOf(query, name, version, 'compiled')) as CompiledSchema
  expect(diffSchemas(stored, await compileToPublish(JSON.stringify(after), {}))).toEqual([])
}

export async function run(database: Database, id: string, until: 'live' | 'done'): Promise<void> {
  const { plan } = await migratorTransaction(database, (connection) => readMigration(connection, id))
  await runMigration(database, id, { until, now: true, token: plan.token })
}

/** @param side of all changes, or of each. */
export function documentOf(
  schema: string,
  chosen: readonly Chosen[],
  side: 'before' | 'after' | ((one: Chosen) => 'before' | 'after'),
): Doc {
  const doc: Doc = {
    schema,
    entities: {
      t: { fields: { x: { type: 'string' } } },
      e: { fields: { n: { type: 'bigint', required: true }, other: { type: 'string' } } },
    },
  }
  for (const { change, field } of chosen) change.before(doc, field)
  const after = typeof side === 'string' ? () => side === 'after' : (one: Chosen) => side(one) === 'after'
  for (const one of chosen) if (after(one)) one.change.after(doc, one.field)
  return named(doc)
}

export async function publish(
  database: Database,
  doc: Doc,
): Promise<{ readonly placementId: string; readonly migrationId: string | null }> {
  const source = JSON.stringify(doc)
  const compiled = await compileToPublish(source, {})
  const outcome = await publishOrRequest(database, async (connection) => ({
    compiled,
    source,
    owner: await findTenant(connection, await readPlatform(connection), 'system'),
    naming: readableNaming,
  }))
  if (outcome.kind === 'migration') return { placementId: outcome.placementId, migrationId: outcome.migrationId }
  await convergePlacement(database, outcome.published.placementId)
  return { placementId: outcome.published.placementId, migrationId: null }
}

async function versionOf(
  query: (text: string) => Promise<Rows>,
  name: string,
  version: number,
  what: string,
): Promise<string> {
  const [row] = await query(
    `select v.${what} from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = '${name}' and v.version = ${version}`,
  )
  return String(row?.[0])
}

export async function mappingOf(
  query: (text: string) => Promise<Rows>,
  name: string,
  version: number,
): Promise<Mapping> {
  return JSON.parse(await versionOf(query, name, version, 'mapping')) as Mapping
}

export async function newest(query: (text: string) => Promise<Rows>, name: string): Promise<number> {
  const [row] = await query(
    `select max(v.version) from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = '${name}' and v.state = 'live'`,
  )
  return Number(row?.[0])
}

const idOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`
const literal = (value: string | number | null): string => (value === null ? 'null' : `'${value}'`)

export async function fill(
  query: (text: string) => Promise<Rows>,
  { schema, entities }: Mapping,
  chosen: readonly Chosen[],
): Promise<void> {
  const at = entities.e
  const given = chosen.filter(({ change }) => change.value)
  const columns = given.map(({ field }) => `"${at?.columns[field]}"`)
  for (const tenant of TENANTS) {
    await query(`insert into "${schema}"."${entities.t?.table}" (tenant_id, id) values ('${tenant}', '${TARGET}')`)
    const rows = Array.from({ length: ROWS }, (_, i) => {
      const values = given.map(({ change }) => literal(change.value?.(i + 1) ?? null))
      return `(${[`'${tenant}'`, `'${idOf(i + 1)}'`, i + 1, ...values].join(', ')})`
    })
    const names = ['tenant_id', 'id', `"${at?.columns.n}"`, ...columns].join(', ')
    await query(`insert into "${schema}"."${at?.table}" (${names}) values ${rows.join(', ')}`)
  }
}

/** Every row of every tenant shows what the model says (I2). */
export async function check(
  query: (text: string) => Promise<Rows>,
  { schema, entities }: Mapping,
  chosen: readonly Chosen[],
): Promise<void> {
  const at = entities.e
  const left = Array.from({ length: ROWS }, (_, i) => i + 1).filter(
    (i) => !chosen.some(({ change }) => change.loses?.(i)),
  )
  const wanted = left.map((i) => {
    const shown = Object.assign({}, ...chosen.map(({ change, field }) => shownBy(change, field, i)))
    return shown as Record<string, string | number | null>
  })
  const fields = Object.keys(wanted[0] ?? {})
  if (fields.length === 0) return
  const columns = fields.map((field) => `"${at?.columns[field]}"::text`).join(', ')
  for (const tenant of TENANTS) {
    const rows = await query(
      `select ${columns} from "${schema}"."${at?.table}" where tenant_id = '${tenant}' order by "${at?.columns.n}"`,
    )
    const values = wanted.map((row) => fields.map((field) => row[field]?.toString() ?? null))
    expect(rows, fields.join()).toEqual(values)
  }
}

function shownBy(change: Change, field: string, i: number): Record<string, string | number | null> {
  if (change.shows) return change.shows(field, i)
  return change.value && change.row !== 'drop field' ? { [field]: change.value(i) } : {}
}

/** A client of either version that writes another field leaves all else as it is, bit by bit (I3). */
export async function touch(
  query: (text: string) => Promise<Rows>,
  placementId: string,
  old: Mapping,
  now: Mapping,
  chosen: readonly Chosen[],
  versions: readonly number[] = [1, 2],
): Promise<void> {
  if (chosen.length === 0) return
  const table = `"${now.schema}"."${now.entities.e?.table}"`
  const columns = new Set([
    ...Object.values(old.entities.e?.columns ?? {}),
    ...Object.values(now.entities.e?.columns ?? {}),
  ])
  const others = [...columns].filter((column) => column !== now.entities.e?.columns.other)
  const image = async (): Promise<Rows> =>
    query(`select ${others.map((column) => `"${column}"::text`).join(', ')} from ${table} order by tenant_id, id`)
  const before = await image()
  for (const version of versions) {
    await query(
      `update ${table} set "${now.entities.e?.columns.other}" = 'touched by ${version}'
       from (select set_config('backsaas.version', '${placementId}:${version}', true) as version offset 0) s where s.version <> ''`,
    )
  }
  expect(await image(), 'touched').toEqual(before)
}
