/** What it costs a tenant that its install moves: the next request reads the new pointer, and that is all. */

import { migrate, startRollouts, steerRollout } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { watchDatabase } from '../fixture/watch-database.ts'
import { schemaOf } from '../registry/start-registry.ts'

let fixture: Fixture
let trips = 0

beforeAll(async () => {
  fixture = await startFixture({
    database: 'postgres',
    schemas: [schemaOf('shop')],
    runtime: { beat: { leaseMs: 100 } },
    wrap: (database) =>
      watchDatabase(database, (statements) => {
        // Of requests, and not of the beat, which there is in any case.
        if (!statements.some(({ text }) => text.includes('backsaas.changes'))) trips += 1
        return statements
      }),
  })
})
afterAll(() => fixture?.close())

/** Where the machine stands still for longer than a lease, a request asks whether what it knows still holds. */
const SETTLED = { timeout: 5_000, interval: 20 }

async function cost(): Promise<number> {
  const before = trips
  expect((await fixture.tenants.acme.get('/notes?select=title')).status).toBe(200)
  return trips - before
}

test('one round trip more, once, where the version is known; and no request fails', async () => {
  const { database, tenants } = fixture
  await migrate(database, schemaOf('shop', 'body: { type: text }'), { hold: true })
  // A runtime that serves the version to anybody has it already.
  await tenants.globex.get('/notes?select=title', { 'schema-version': '2' })
  await expect.poll(cost, SETTLED).toBe(1)
  const rollouts = await startRollouts(database, { intervalMs: 50 })
  await steerRollout(database, 'start_rollout', {
    schema: 'shop',
    waves: [100],
    bake: 0,
    gates: { min_requests: 0 },
  })
  const costs: number[] = []
  await expect
    .poll(
      async () => {
        costs.push(await cost())
        return (await tenants.acme.get('/notes?select=body')).status
      },
      { timeout: 10_000, interval: 20 },
    )
    .toBe(200)
  await rollouts.close()
  expect(Math.max(...costs)).toBeLessThanOrEqual(2)
  await expect.poll(cost, SETTLED).toBe(1)
})
