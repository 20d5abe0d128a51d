/**
 * A rename, a conversion and a split under load: the migrator is killed in the middle of the backfill, another one goes on, and the
 * older version ends while a runtime that has heard nothing of it is asked. Clients on all live versions notice nothing (I1, I2).
 */
import { memory } from '@backsaas/adapters/buses/memory'
import { createKey, migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { afterEach, beforeEach, expect, type TaskMeta, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import type { Figures } from './figures.ts'
import { type Ledger, startLedger } from './ledger.ts'
import { type LockMonitor, lockFigures, startLockMonitor } from './lock-monitor.ts'
import { AFTER, BEFORE, people } from './people.ts'
import { runKilled } from './run-killed.ts'
import { FULL, KILLS, ROWS, TRANSACTIONS } from './sizes.ts'

/** Acknowledged in each part of a story: there are nine in both. */
const EACH = Math.ceil(TRANSACTIONS / 2 / 9)
/** No bound of the migrator's, which is 50 ms and the bench's to check on a quiet machine: what no busy machine explains. */
const HOLD_MAX_MS = 1000
const STORE = '"backsaas_00000000000070008000000000000004"'
const HOUR_MS = 3_600_000

let fixture: Fixture
let ledger: Ledger
let monitor: LockMonitor

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  const { acme, globex } = fixture.tenants
  for (const { id } of [acme, globex]) {
    await fixture.ownerQuery(
      `insert into ${STORE}.people (tenant_id, id, title, price, name, other)
       select '${id}', gen_random_uuid(), 't' || i, i % 1000, 'a' || i || ' b' || i, 'o' from generate_series(1, ${ROWS / 2}) i`,
    )
  }
  monitor = await startLockMonitor(fixture.url ?? '', 2)
  ledger = startLedger(people, [acme, globex], { each: FULL ? 4 : 2 })
}, HOUR_MS)
afterEach(async () => {
  await ledger.stop()
  await monitor.stop()
  await fixture.close()
})

/** What the ledger and the monitor have seen: nothing lost, nothing refused, nobody kept out for long. */
async function check(task: { meta: TaskMeta }, transactions: number, more: Figures = {}): Promise<void> {
  const { errors, acknowledged } = await ledger.stop()
  const holds = await monitor.stop()
  task.meta.figures = { transactions: acknowledged, errors: errors.length, ...more, locks: lockFigures(holds) }
  process.stdout.write(`${JSON.stringify(task.meta.figures)}\n`)
  expect(errors).toEqual([])
  expect(acknowledged).toBeGreaterThanOrEqual(transactions)
  expect(holds.all.length).toBeGreaterThan(0)
  expect(holds.maxMs).toBeLessThan(HOLD_MAX_MS)
  expect(await ledger.differences()).toEqual([])
}

async function statusOf(): Promise<{ id: string; token: string; phase: string; rowsDone: number }> {
  const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
  return {
    id: status?.id ?? '',
    token: status?.token ?? '',
    phase: status?.phase ?? '',
    rowsDone: status?.rows.done ?? 0,
  }
}

test(
  'killed in the middle of the backfill, gone on with, and brought to its end',
  async ({ task }) => {
    const bus = memory()
    const stale = createRuntime({ hostSuffix: 'example.test', database: fixture.database, bus })
    await stale.ready()
    const { key } = await createKey(fixture.database, { tenant: 'acme', name: 'stale' })
    const ask = (version?: number): Promise<Response> =>
      stale.fetch(
        new Request('http://localhost/rest/v1/people?select=id,price&limit=1', {
          headers: { apikey: key, ...(version !== undefined && { 'schema-version': String(version) }) },
        }),
      )
    expect((await ask()).status).toBe(200)
    await ledger.more(EACH)

    await migrate(fixture.database, AFTER, { run: { signal: AbortSignal.abort() } })
    const { id, token } = await statusOf()
    let done = 0
    for (let killed = 0; killed < KILLS; killed++) {
      expect(await runKilled(fixture.url ?? '', id, { until: 'live', at: 'range:3', when: 'after' })).toBe(true)
      const { phase, rowsDone } = await statusOf()
      expect(phase).toBe('backfill')
      expect(rowsDone).toBeGreaterThan(done)
      expect(rowsDone).toBeLessThan(ROWS)
      done = rowsDone
    }
    await ledger.more(EACH)

    const backends = await endingBackends(() => runMigration(fixture.database, id, { until: 'live' }))
    expect(backends).toBe(KILLS)
    ledger.turn('both', 2)
    await ledger.more(2 * EACH)
    ledger.turn('new', 2)
    await runMigration(fixture.database, id, { until: 'done', now: true, token })
    const answer = await ask()
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('price')])
    const older = await ask(1)
    expect([older.status, ((await older.json()) as { code: string }).code]).toEqual([406, 'SCHEMA_VERSION_UNKNOWN'])
    await ledger.more(EACH)

    await check(task, 5 * EACH, { processes_killed: KILLS, backends_killed: backends })
    const [odd] = await fixture.ownerQuery(
      `select count(*)::text from ${STORE}.people where first is null or last is null or price_2 is null`,
    )
    expect(odd).toEqual(['0'])
    await stale.close()
  },
  HOUR_MS,
)

test(
  'taken back with both versions in use, and done again',
  async ({ task }) => {
    await ledger.more(EACH)
    await migrate(fixture.database, AFTER)
    ledger.turn('both', 2)
    await ledger.more(EACH)
    ledger.turn('old', 2)
    await rollbackMigration(fixture.database, (await statusOf()).id)
    await ledger.more(EACH)
    await migrate(fixture.database, AFTER)
    ledger.turn('both', 3)
    await ledger.more(EACH)
    await check(task, 4 * EACH)
  },
  HOUR_MS,
)

/** Ends the backend that fills a range of rows, again and again, while `work` goes on. @returns how often. */
async function endingBackends(work: () => Promise<unknown>): Promise<number> {
  let over = false
  let ended = 0
  const working = work().finally(() => {
    over = true
  })
  while (!over && ended < KILLS) {
    const rows = await fixture.ownerQuery(
      `select pg_terminate_backend(pid)::text from pg_stat_activity
       where datname = current_database() and state = 'active' and query like 'update % as t set %'
         and usename in (select name from backsaas.logins where kind = 'migrator')`,
    )
    ended += rows.length
    await new Promise((resolve) => setTimeout(resolve, rows.length > 0 ? 100 : 1))
  }
  await working
  return ended
}
