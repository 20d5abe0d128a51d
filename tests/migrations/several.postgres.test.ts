/** Migrations of several schemas at the same time: by one migrator that runs two at once, and by two processes that share them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { migrate, migrationStatus, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { renamedConvertedSplit } from './renamed-converted-split.ts'

const NAMES = ['crm', 'shop', 'desk', 'lab'] as const
const ROWS = 6_000
const LONG = { timeout: 60_000, interval: 50 }

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({
    database: 'postgres',
    schemas: NAMES.map((name) => renamedConvertedSplit(name).before),
  })
  const { id } = fixture.tenants.acme
  for (const table of await tables()) {
    await fixture.ownerQuery(
      `insert into ${table} (tenant_id, id, title, price, name, other)
       select '${id}', gen_random_uuid(), 't' || i, i % 1000, 'a' || i || ' b' || i, '${table.replaceAll(/\W/g, '')}' from generate_series(1, ${ROWS}) i`,
    )
  }
  for (const name of NAMES) {
    await migrate(fixture.database, renamedConvertedSplit(name).after, { run: { signal: AbortSignal.abort() } })
  }
}, 120_000)
afterEach(() => fixture.close())

/** One for each schema, qualified. */
async function tables(): Promise<string[]> {
  const rows = await fixture.ownerQuery(
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id and v.version = 1
     where p.schema_name in (${NAMES.map((name) => `'${name}'`).join(', ')})`,
  )
  return rows.map(([table]) => String(table))
}

const want = (wanted: 'live' | 'done') =>
  fixture.ownerQuery(`update backsaas.migrations set wanted = '${wanted}', hurried = true, confirmed = token`)
const phases = async (): Promise<string> =>
  (await migrationStatus(fixture.database)).map(({ phase }) => phase).join(' ')

/** Until all are there: how many were run at the same time, at most. */
async function watched(phase: 'live' | 'done'): Promise<number> {
  let most = 0
  await expect
    .poll(async () => {
      const [row] = await fixture.ownerQuery(
        `select count(*)::text from backsaas.migrations where lease_owner is not null and lease_until > clock_timestamp()`,
      )
      most = Math.max(most, Number(row?.[0]))
      return phases()
    }, LONG)
    .toBe(NAMES.map(() => phase).join(' '))
  return most
}

/** Every schema has come to its end, each with its own rows, and each was run by one at a time. */
async function expectDone(): Promise<void> {
  for (const table of await tables()) {
    const own = table.replaceAll(/\W/g, '')
    const rows = await fixture.ownerQuery(
      `select count(*)::text, count(*) filter (where first like 'a%' and last like 'b%' and other = '${own}' and price_2 is not null)::text
       from ${table}`,
    )
    expect(rows).toEqual([[String(ROWS), String(ROWS)]])
    const old = await fixture.ownerQuery(
      `select 1 from information_schema.columns where format('%I.%I', table_schema, table_name) = '${table}' and column_name in ('name', 'price')`,
    )
    expect(old).toEqual([])
  }
  const told = await fixture.ownerQuery(
    `select type, count(*)::text from ${await eventsTable()} where type like 'schema.migration.%' and type not like '%progress'
     group by 1 order by 1`,
  )
  const n = String(NAMES.length)
  expect(told).toContainEqual(['schema.migration.completed', n])
  expect(told).toContainEqual(['schema.migration.requested', n])
  expect(told.map(([type]) => type)).not.toContain('schema.migration.failed')
}

async function eventsTable(): Promise<string> {
  const [row] = await fixture.ownerQuery(
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'events' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     where p.schema_name = 'platform' order by v.version desc limit 1`,
  )
  return String(row?.[0])
}

test('one migrator runs two at once, and never more', async () => {
  const migrations = await startMigrations(fixture.database, { intervalMs: 50, concurrency: 2 })
  try {
    await want('live')
    expect(await watched('live')).toBe(2)
    await want('done')
    expect(await watched('done')).toBe(2)
  } finally {
    await migrations.close()
  }
  await expectDone()
}, 120_000)

test('two processes share them, each one at a time', async () => {
  const processes = [await begin(), await begin()]
  try {
    await want('live')
    expect(await watched('live')).toBe(2)
    await want('done')
    await watched('done')
  } finally {
    for (const child of processes) await end(child)
  }
  await expectDone()
}, 120_000)

async function begin(): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('migrating-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@backsaas/source', file, fixture.url ?? '', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
}
