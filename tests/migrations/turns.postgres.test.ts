/** Migrations that wait for what others do keep nobody: one that can run does, though a migrator has only one turn to give. */
import { migrate, migrationStatus, startMigrations } from '@backsaas/migrator'
import type { Sql } from 'postgres'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { connectAsRuntime } from './connect-as-runtime.ts'
import { withMutant } from './mutants.ts'
import { renamedConvertedSplit } from './renamed-converted-split.ts'

const LONG = { timeout: 30_000, interval: 50 }
const NAMES = ['drained', 'entered', 'used', 'idle'] as const
type Name = (typeof NAMES)[number]

let fixture: Fixture
const clients: Sql[] = []

beforeEach(async () => {
  fixture = await startFixture({
    database: 'postgres',
    schemas: NAMES.map((name) => renamedConvertedSplit(name).before),
    connections: 12,
  })
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end({ timeout: 0 })))
  await fixture.close()
})

async function status(name: Name): Promise<string> {
  const [one] = await migrationStatus(fixture.database, { schema: name })
  return `${one?.phase} ${one?.state} ${one?.problem?.code ?? ''}`.trimEnd()
}

const ask = (name: Name, wanted: 'live' | 'done', hurried = true) =>
  fixture.ownerQuery(
    `update backsaas.migrations set wanted = '${wanted}', hurried = ${hurried}, confirmed = token where schema_name = '${name}'`,
  )

/** A transaction that stays open until the answer is called. */
async function open(client: Sql, ...statements: readonly string[]): Promise<() => Promise<void>> {
  clients.push(client)
  const connection = await client.reserve()
  for (const text of ['begin', ...statements]) await connection.unsafe(text)
  return async () => {
    await connection.unsafe('rollback')
    connection.release()
  }
}

async function placeOf(name: Name): Promise<{ readonly id: string; readonly table: string }> {
  const [row] = await fixture.ownerQuery(
    `select p.id::text, format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id and v.version = 1 where p.schema_name = '${name}'`,
  )
  return { id: String(row?.[0]), table: String(row?.[1]) }
}

test('three that wait, each for something else, and one that runs', async () => {
  for (const name of ['drained', 'entered'] as const) await migrate(fixture.database, renamedConvertedSplit(name).after)
  for (const name of ['used', 'idle'] as const)
    await migrate(fixture.database, renamedConvertedSplit(name).after, { run: { signal: AbortSignal.abort() } })
  const [entered, used] = [await placeOf('entered'), await placeOf('used')]
  const runtime = await connectAsRuntime(fixture)
  const leave = await open(runtime, `select backsaas.enter('${fixture.tenants.acme.id}', '${entered.id}', 1)`)
  const owner = postgres(fixture.url ?? '', { max: 1, onnotice: () => {} })
  const unuse = await open(owner, `select 1 from ${used.table}`)
  // A transaction is long after a second.
  const database = withMutant(fixture.database, {
    rewrite: (text) => text.replace("interval '30 seconds'", "interval '1 second'"),
  })
  const waiting = async (): Promise<readonly string[]> =>
    Promise.all([status('drained'), status('entered'), status('used')])
  const all = ['contract waiting DRAINING', 'contract waiting TRANSACTIONS_REMAIN', 'expand waiting LONG_TRANSACTION']
  const options = { intervalMs: 50, concurrency: 1 }
  const first = await startMigrations(database, options)
  try {
    await ask('drained', 'done', false)
    await ask('entered', 'done')
    await ask('used', 'live')
    await expect.poll(waiting, LONG).toEqual(all)
    const before = await migrationStatus(fixture.database, { schema: 'entered' })
    expect(before[0]?.problem?.hint).toMatch(/pg_terminate_backend\(\d+\)/)
  } finally {
    // It does not wait with them.
    await first.close()
  }
  const second = await startMigrations(database, options)
  try {
    await expect.poll(waiting, LONG).toEqual(all)
    await ask('idle', 'live')
    await expect.poll(() => status('idle'), LONG).toBe('live ready')
    await expect.poll(waiting, LONG).toEqual(all)
    await leave()
    await expect.poll(() => status('entered'), LONG).toBe('done ended')
    await unuse()
    await expect.poll(() => status('used'), LONG).toBe('live ready')
    await ask('drained', 'done')
    await expect.poll(() => status('drained'), LONG).toBe('done ended')
  } finally {
    await second.close()
  }
}, 120_000)
