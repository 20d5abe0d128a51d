/** A version that takes a migration in the default store, and none in others, is taken back in all of them. */
import {
  createStore,
  createTenant,
  listDeliveries,
  migrate,
  migrationStatus,
  rollbackMigration,
} from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFleet, type TestFleet } from './start-fleet.ts'

const schema = (more = ''): string => `schema: crm
entities:
  people:
    fields:
      name: { type: string, required: true }
${more}`
/** A stored computed field is worked out at once for a few rows, and by ranges for many. */
const COMPUTED = schema('      loud: { type: string, computed: "name.upperAscii()", stored: true }\n')
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'small' })
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
}, 60_000)
afterAll(() => platform.close())

test('installs go back, and the version is nobody\u2019s in any database', async () => {
  await migrate(platform.home, schema())
  const { id } = await createTenant(platform.fleet, { slug: 'large', schemas: ['crm'] })
  await createTenant(platform.fleet, { slug: 'little', schemas: ['crm'], store: 'small' })
  await createTenant(platform.fleet, { slug: 'distant', schemas: ['crm'], store: 'eu-1' })
  await platform.query(
    platform.home,
    `insert into "backsaas_00000000000070008000000000000004".people (tenant_id, id, name)
     select '${id}', gen_random_uuid(), 'n' || i from generate_series(1, 2500) i`,
  )
  await platform.work()
  await migrate(platform.home, COMPUTED)
  const standing = async (): Promise<string> => {
    const [delivery] = await listDeliveries(platform.home, 'crm')
    return `${delivery?.state}: ${delivery?.stores.map(({ state, version }) => `${state} ${version}`).join(', ')}`
  }
  await expect.poll(standing, LONG).toBe('live: live 2, live 2')
  const [migration] = await migrationStatus(platform.home, { schema: 'crm' })
  expect(migration).toMatchObject({ phase: 'live', toVersion: 2 })
  const followers = await platform.query(platform.home, 'select count(*)::text from backsaas.migrations where follows')
  expect(followers).toEqual([['0']])
  await rollbackMigration(platform.home, String(migration?.id))
  await expect.poll(standing, LONG).toBe('rolled_back: rolled_back 1, rolled_back 1')
  const installs = await platform.query(
    platform.home,
    `select distinct version::text from ${await platform.table('installs')} where schema_name = 'crm'`,
  )
  expect(installs).toEqual([['1']])
  for (const database of [platform.home, platform.eu]) {
    const live = await platform.query(
      database,
      `select distinct v.version::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
       where p.schema_name = 'crm' and v.state <> 'retired'`,
    )
    expect(live).toEqual([['1']])
  }
}, 60_000)
