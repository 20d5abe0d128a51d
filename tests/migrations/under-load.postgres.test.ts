/**
 * A rename, a conversion and a split under load: the migrator is killed in the middle of the backfill, another one goes on, and the
 * older version ends while a runtime that has heard nothing of it is asked. Clients on all live versions notice nothing (I1, I2).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { memory } from '@backsaas/adapters/buses/memory'
import { createKey, migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AFTER, BEFORE, type Ledger, startLedger } from './ledger.ts'

const FULL = process.env.BACKSAAS_TORTURE === '1'
const ROWS = FULL ? 200_000 : 15_000
/** Acknowledged in each part of the story. */
const EACH = FULL ? 25_000 : 250
const STORE = '"backsaas_00000000000070008000000000000004"'
const HOUR_MS = 3_600_000

let fixture: Fixture
let ledger: Ledger

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  const { acme, globex } = fixture.tenants
  for (const { id } of [acme, globex]) {
    await fixture.ownerQuery(
      `insert into ${STORE}.people (tenant_id, id, title, price, name, other)
       select '${id}', gen_random_uuid(), 't' || i, i % 1000, 'a' || i || ' b' || i, 'o' from generate_series(1, ${ROWS / 2}) i`,
    )
  }
  ledger = startLedger([acme, globex], 2)
}, HOUR_MS)
afterEach(() => fixture.close())

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
  async () => {
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
    expect(await runKilled(id)).toBe('SIGKILL')
    const { phase, rowsDone } = await statusOf()
    expect(phase).toBe('backfill')
    expect(rowsDone).toBeGreaterThan(0)
    expect(rowsDone).toBeLessThan(ROWS)
    await ledger.more(EACH)

    await runMigration(fixture.database, id, { until: 'live' })
    ledger.turn('both', 2)
    await ledger.more(2 * EACH)
    ledger.turn('new', 2)
    await runMigration(fixture.database, id, { until: 'done', now: true, token })
    const answer = await ask()
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('price')])
    const older = await ask(1)
    expect([older.status, ((await older.json()) as { code: string }).code]).toEqual([406, 'SCHEMA_VERSION_UNKNOWN'])
    await ledger.more(EACH)

    const { errors, acknowledged } = await ledger.stop()
    expect(errors).toEqual([])
    expect(acknowledged).toBeGreaterThanOrEqual(5 * EACH)
    expect(await ledger.differences()).toEqual([])
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
  async () => {
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
    const { errors } = await ledger.stop()
    expect(errors).toEqual([])
    expect(await ledger.differences()).toEqual([])
  },
  HOUR_MS,
)

/** A migrator as a process of its own, which dies while it fills the third range of rows. */
async function runKilled(id: string): Promise<string | null> {
  const file = fileURLToPath(new URL('killed-migrator.ts', import.meta.url))
  const args = ['--conditions=@backsaas/source', file, fixture.url ?? '', id, 'live', '', 'range:3', 'after']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  // Its lease has to be over.
  await new Promise((resolve) => setTimeout(resolve, 400))
  return signal
}
