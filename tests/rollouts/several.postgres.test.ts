/** Roll-outs beside each other: one that stands still, or moves thousands, keeps no other from being halted. */
import { listRollouts, migrate, type Rollouts, startRollouts, steerRollout } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, SCOPE, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { tableOf } from './start-rolling.ts'

const LONG = { timeout: 10_000, interval: 20 }
const SCHEMAS = ['shop', 'mart']
let fixture: Fixture
let leader: Rollouts | undefined
let release = (): void => {}

beforeEach(async () => {
  fixture = await startFixture({
    database: 'postgres',
    schemas: SCHEMAS.map((name) => schemaOf(name)),
    connections: 12,
    statementTimeoutMs: 60_000,
  })
  for (const name of SCHEMAS) await migrate(fixture.database, schemaOf(name, 'body: { type: text }'), { hold: true })
})
afterEach(async () => {
  release()
  await leader?.close()
  await fixture.close()
})

const rollout = async (schema: string) => (await listRollouts(fixture.database, schema))[0]

/** Has the tenant's install until it is let go. */
async function lockInstall(schema: string): Promise<void> {
  const locked = Promise.withResolvers<void>()
  const text = `select from ${await tableOf(fixture, 'installs')} where profile = '${schema}' for update`
  void fixture.database.open(SCOPE, 'owner').transaction?.(async (connection) => {
    await connection.batch([{ text, params: [], prepare: false }])
    locked.resolve()
    await new Promise<void>((resolve) => {
      release = resolve
    })
  })
  await locked.promise
}

test('one whose step waits for a lock does not delay the halt of another', async () => {
  leader = await startRollouts(fixture.database, { intervalMs: 50 })
  const gates = { min_requests: 0, events: [{ type: 'order.failed', max: 0 }] }
  for (const schema of SCHEMAS)
    await steerRollout(fixture.database, 'start_rollout', { schema, waves: [100], bake: '1h', gates })
  for (const schema of SCHEMAS) await expect.poll(async () => (await rollout(schema))?.baking_since, LONG).toBeTruthy()
  await lockInstall('shop')
  await steerRollout(fixture.database, 'abort_rollout', { schema: 'shop' })
  const waits = `select count(*)::text from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query ilike '%pinned_to%'`
  await expect.poll(async () => (await fixture.ownerQuery(waits))[0]?.[0], LONG).toBe('1')
  await fixture.ownerQuery(
    `insert into ${await tableOf(fixture, 'events')} (tenant_id, id, type, source, time, data)
     values ('${fixture.tenants.acme.id}', gen_random_uuid(), 'order.failed', '/test', clock_timestamp(), '{}')`,
  )
  await expect.poll(async () => (await rollout('mart'))?.state, LONG).toBe('halted')
  expect(await rollout('shop')).toMatchObject({ state: 'returning' })
  release()
  await expect.poll(async () => (await rollout('shop'))?.state, LONG).toBe('aborted')
  expect(await rollout('shop')).toMatchObject({ moved: 0 })
})
