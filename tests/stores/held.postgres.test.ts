/** A version that is held back comes to a store after the roll-out of it is over: there it is held back no more. */
import {
  createStore,
  createTenant,
  listDeliveries,
  listRollouts,
  migrate,
  startRollouts,
  steerRollout,
} from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startFleet, type TestFleet } from './start-fleet.ts'

const schema = (field: string): string => `schema: crm\nentities:\n  people:\n    fields:\n      ${field}\n`
const BEFORE = schema('code: { type: string, required: true }')
/** Not every text is a number. */
const AFTER = schema('code: { type: integer, required: true, convert: { up: "int(code)", down: "string(code)" } }')
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
beforeEach(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'one' })
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
}, 60_000)
afterEach(() => platform.close())

async function tableIn(store: string): Promise<string> {
  const [row] = await platform.query(
    platform.home,
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     join ${await platform.table('stores')} s on s.id = p.store_id where p.schema_name = 'crm' and s.name = '${store}' limit 1`,
  )
  return String(row?.[0])
}
async function states(): Promise<string> {
  const [delivery] = await listDeliveries(platform.home, 'crm')
  return `${delivery?.state}: ${delivery?.stores.map(({ store, state }) => `${store} ${state}`).join(', ')}`
}
async function installs(): Promise<unknown> {
  return platform.query(
    platform.home,
    `select t.slug, i.version::text from ${await platform.table('installs')} i
     join ${await platform.table('tenants')} t on t.id = i.tenant_id where i.schema_name = 'crm' order by 1`,
  )
}

test('tenants of stores that were behind move as each has it, and what is before it is on its way out', async () => {
  const databases = { one: platform.home, 'eu-1': platform.eu }
  await migrate(platform.home, BEFORE)
  await createTenant(platform.fleet, { slug: 'here', schemas: ['crm'] })
  for (const [store, database] of Object.entries(databases)) {
    const { id } = await createTenant(platform.fleet, { slug: store, schemas: ['crm'], store })
    await platform.query(
      database,
      `insert into ${await tableIn(store)} (tenant_id, id, code) values ('${id}', gen_random_uuid(), 'many')`,
    )
  }
  await platform.work()
  await migrate(platform.home, AFTER, { hold: true, delivery: { onError: 'continue' } })
  await expect.poll(states, LONG).toBe('running: eu-1 failed, one failed')
  const rollouts = await startRollouts(platform.home, { intervalMs: 50 })
  await steerRollout(platform.home, 'start_rollout', {
    schema: 'crm',
    waves: [100],
    bake: '100ms',
    gates: { on_silence: 'continue' },
  })
  await expect.poll(async () => (await listRollouts(platform.home, 'crm'))[0]?.state, LONG).toBe('done')
  await rollouts.close()
  expect(await installs()).toEqual([
    ['eu-1', '1'],
    ['here', '2'],
    ['one', '1'],
  ])
  for (const [store, database] of Object.entries(databases)) {
    await platform.query(database, `update ${await tableIn(store)} set code = '7'`)
    await platform.query(
      database,
      `update backsaas.migrations set state = 'ready', problem = null where follows and state = 'blocked'`,
    )
  }
  await expect.poll(states, LONG).toBe('live: eu-1 live, one live')
  await expect.poll(installs, LONG).toEqual([
    ['eu-1', '2'],
    ['here', '2'],
    ['one', '2'],
  ])
  const old = await platform.query(
    platform.home,
    `select count(*)::text, count(v.sunset_at)::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = 'crm' and v.version = 1`,
  )
  expect(old).toEqual([['3', '3']])
}, 120_000)
