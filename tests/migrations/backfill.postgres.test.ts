/** A backfill on Postgres: a range is one round trip, which commits nothing where another migrator has taken over (I5). */
import { bucketOf, type Connection, type Database, type Statement, SYSTEM_TENANT_ID } from '@backsaas/core'
import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AFTER, BEFORE } from './people.ts'

const STORE = '"backsaas_00000000000070008000000000000004"'
const ROWS = 20_000
const RUNTIME = '018f0000-0000-7000-8000-0000000000aa'

let fixture: Fixture
let id = ''
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await fixture.ownerQuery(
    `insert into ${STORE}.people (tenant_id, id, title, price, name, other)
     select '${fixture.tenants.acme.id}', gen_random_uuid(), 't' || i, i, 'a' || i || ' b' || i, 'o' from generate_series(1, ${ROWS}) i`,
  )
  await migrate(fixture.database, AFTER, { run: { signal: AbortSignal.abort() } })
  id = (await migrationStatus(fixture.database, { schema: 'crm' }))[0]?.id ?? ''
})
afterEach(() => fixture.close())

/** Tells of what the migrator sends, a round trip each, before it is sent. */
function watching(database: Database, sends: (texts: readonly string[]) => Promise<void>): Database {
  const texts = (statements: readonly Statement[]): string[] => statements.map(({ text }) => text)
  const wrap = (connection: Connection): Connection => {
    const { transaction } = connection
    return {
      async batch(statements, hints) {
        await sends(texts(statements))
        return connection.batch(statements, hints)
      },
      ...(transaction && {
        async transaction(run) {
          await sends(['begin'])
          return transaction((inner) => run(wrap(inner)))
        },
      }),
    }
  }
  return { ...database, open: (scope, login) => wrap(database.open(scope, login)) }
}

/** At the server, and at what runtimes have counted. */
const OF_A_LOOK = /^begin$|replica_lag|'row_security'|-> 'versions'/
const isRange = (texts: readonly string[]): boolean => texts.some((text) => / as t set /.test(text))

async function filledRows(): Promise<number> {
  const [row] = await fixture.ownerQuery(`select count(*)::text from ${STORE}.people where price_2 is not null`)
  return Number(row?.[0])
}

test('each range is one round trip, beside a look at the health of the database now and then', async () => {
  const sent: (readonly string[])[] = []
  const database = watching(fixture.database, async (texts) => void sent.push(texts))
  let asked = 0
  const health = async (): Promise<null> => {
    asked++
    return null
  }
  const startedAtMs = performance.now()
  await runMigration(database, id, { health })
  expect(asked).toBeLessThanOrEqual(1 + (performance.now() - startedAtMs) / 250)
  const between = sent.slice(sent.findIndex(isRange), sent.findLastIndex(isRange) + 1)
  const ranges = between.filter(isRange)
  expect(ranges.length).toBeGreaterThan(3)
  // The guard is the first that can fail, and has the checkpoint in it.
  for (const texts of ranges)
    expect(texts[1]).toMatch(/step_cursor = [\s\S]* and lease_epoch = [\s\S]*backsaas\.refuse/)
  const others = between.filter((texts) => !isRange(texts) && !texts.every((text) => OF_A_LOOK.test(text)))
  expect(others.filter((texts) => !texts.some((text) => text.includes('lease_until')))).toEqual([])
  expect(await filledRows()).toBe(ROWS)
})

test('a range of a migrator that was taken over from commits nothing', async () => {
  let ranges = 0
  let filled = 0
  const database = watching(fixture.database, async (texts) => {
    if (!isRange(texts) || ++ranges !== 3) return
    filled = await filledRows()
    await fixture.ownerQuery('update backsaas.migrations set lease_epoch = lease_epoch + 1')
  })
  await expect(runMigration(database, id)).rejects.toMatchObject({ code: 'LEASE_LOST', status: 409 })
  expect(filled).toBeGreaterThan(0)
  expect(await filledRows()).toBe(filled)
  const [row] = await fixture.ownerQuery(`select rows_done::text from backsaas.migrations`)
  expect(Number(row?.[0])).toBe(filled)
})

test('what was filled is not written again by who goes on', async () => {
  const stopping = new AbortController()
  let ranges = 0
  const database = watching(fixture.database, async (texts) => {
    if (isRange(texts) && ++ranges === 3) stopping.abort()
  })
  await runMigration(database, id, { signal: stopping.signal })
  const before = await fixture.ownerQuery(`select id, xmin from ${STORE}.people where price_2 is not null order by 1`)
  expect(before.length).toBeGreaterThan(0)
  await fixture.ownerQuery(`update backsaas.migrations set step_cursor = null`)
  await runMigration(fixture.database, id)
  const ids = before.map(([row]) => `'${row}'`).join(', ')
  const after = await fixture.ownerQuery(`select id, xmin from ${STORE}.people where id in (${ids}) order by 1`)
  expect(after).toEqual(before)
  expect(await filledRows()).toBe(ROWS)
})

test('it pauses while clients are answered worse than before, as their runtimes tell, and goes on when they are not', async () => {
  const [runtimes] = await fixture.ownerQuery(
    `select format('%I.%I', schemaname, tablename) from pg_tables where tablename = 'runtimes'`,
  )
  const [placement] = await fixture.ownerQuery(`select id::text from backsaas.placements where schema_name = 'crm'`)
  let times: Record<number, number> = {}
  const answers = async (ms: number): Promise<void> => {
    times = { ...times, [bucketOf(ms)]: (times[bucketOf(ms)] ?? 0) + 1000 }
    const answered = Object.values(times).reduce((sum, count) => sum + count, 0)
    const pairs = Object.entries(times).map(([bucket, count]) => [Number(bucket), count])
    const usage = { answered, failed: 0, refused: 0, times: pairs }
    const serving = JSON.stringify({ versions: [{ placement_id: placement?.[0], version: 1, usage }] })
    await fixture.ownerQuery(
      `insert into ${runtimes?.[0]} (tenant_id, id, name, version, started_at, seen_at, serving)
       values ('${SYSTEM_TENANT_ID}', '${RUNTIME}', 'a', '1', now(), now(), '${serving}') on conflict (tenant_id, id) do update set serving = excluded.serving`,
    )
  }
  await answers(10)
  let ranges = 0
  const database = watching(fixture.database, async (texts) => {
    if (!isRange(texts) || ++ranges !== 2) return
    await answers(300)
    await new Promise((resolve) => setTimeout(resolve, 2100))
  })
  const running = runMigration(database, id)
  const standing = async () => (await migrationStatus(fixture.database))[0]
  await expect.poll(async () => (await standing())?.state, { timeout: 15_000 }).toBe('waiting')
  expect((await standing())?.problem).toMatchObject({
    code: 'PAUSED',
    message: expect.stringMatching(/^the p99 of clients is 3\d\d/),
  })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(await filledRows()).toBeLessThan(ROWS)
  await answers(10)
  expect(await running).toMatchObject({ phase: 'live' })
  expect(await filledRows()).toBe(ROWS)
}, 60_000)
