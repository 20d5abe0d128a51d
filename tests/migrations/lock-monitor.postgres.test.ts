/** The monitor sees what it is there for: who holds what, and for how long. */
import { migrate } from '@backsaas/migrator'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { startLockMonitor } from './lock-monitor.ts'
import { AFTER, BEFORE } from './people.ts'

const TABLE = '"backsaas_00000000000070008000000000000004".people'

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

/** Holds a lock for 300 ms over a login of this kind. */
async function hold(kind: 'migrator' | 'owner', mode: string): Promise<void> {
  const url = new URL(fixture.url ?? '')
  if (kind === 'migrator') {
    const [row] = await fixture.ownerQuery(`select name, password from backsaas.logins where kind = 'migrator'`)
    url.username = row?.[0] ?? ''
    url.password = row?.[1] ?? ''
  }
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`lock table ${TABLE} in ${mode} mode`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  })
  await sql.end()
}

test.each([
  ['access exclusive', 'AccessExclusiveLock'],
  ['share row exclusive', 'ShareRowExclusiveLock'],
])('a lock that the migrator holds, %s, is timed', async (mode, name) => {
  const monitor = await startLockMonitor(fixture.url ?? '')
  await hold('migrator', mode)
  const { all, maxMs, p99Ms } = await monitor.stop()
  expect(all.map((one) => one.mode)).toEqual([name])
  expect(maxMs).toBeGreaterThan(250)
  expect(p99Ms).toBe(maxMs)
})

test('what others hold, and what keeps nobody out, is not counted', async () => {
  const monitor = await startLockMonitor(fixture.url ?? '')
  await hold('owner', 'access exclusive')
  await hold('migrator', 'row exclusive')
  const { all, looks } = await monitor.stop()
  expect(all).toEqual([])
  expect(looks).toBeGreaterThan(20)
})

test('one that is still held at the end is counted', async () => {
  const monitor = await startLockMonitor(fixture.url ?? '')
  const held = hold('migrator', 'access exclusive')
  await new Promise((resolve) => setTimeout(resolve, 200))
  const { all } = await monitor.stop()
  expect(all).toHaveLength(1)
  await held
})

test('a migration is seen to take them', async () => {
  const monitor = await startLockMonitor(fixture.url ?? '')
  await migrate(fixture.database, AFTER)
  const { all } = await monitor.stop()
  expect(all.length).toBeGreaterThan(0)
})
