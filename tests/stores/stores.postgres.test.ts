/** Schemas in several stores and databases: versions come to each of them, installs follow, and none is left behind in silence. */
import {
  createStore,
  createTenant,
  installSchema,
  listDeliveries,
  listStores,
  migrate,
  migrationStatus,
  pinInstall,
  rollbackMigration,
  runMigration,
  suspendTenant,
  unpinInstall,
} from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFleet, type TestFleet } from './start-fleet.ts'

const schema = (name: string, fields: string): string => `schema: ${name}
entities:
  people:
    fields:
${fields
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
`
const V1 = 'name: { type: string, required: true }\nprice: { type: integer }'
const V2 = `${V1}\nnick: { type: string }`
const V3 = `full_name: { type: string, required: true, renamed_from: name }
price: { type: decimal, precision: 12, scale: 2, convert: { up: "decimal(price)", down: "int(price)" } }
nick: { type: string }`
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
beforeAll(async () => {
  platform = await startFleet()
  for (const store of [
    { name: 'big' },
    { name: 'acme-only', kind: 'dedicated' as const, position: 1 },
    { name: 'eu-1', database: 'eu' },
    { name: 'eu-2', database: 'eu', kind: 'dedicated' as const },
  ]) {
    await createStore(platform.fleet, store)
  }
}, 120_000)
afterAll(() => platform.close())

/** By tenant: the version of the install, and whose database and store it is in. */
async function installs(name: string): Promise<Record<string, string>> {
  const rows = await platform.query(
    platform.home,
    `select t.slug, concat_ws(' ', i.version, s.name, p.database) from ${await table('installs')} i
     join ${await table('tenants')} t on t.id = i.tenant_id
     join backsaas.placements p on p.id = i.placement_id join ${await table('stores')} s on s.id = p.store_id
     where i.schema_name = '${name}' order by 1`,
  )
  return Object.fromEntries(rows)
}

const table = (entity: string): Promise<string> => platform.table(entity)

async function states(name: string): Promise<string> {
  const [delivery] = await listDeliveries(platform.home, name)
  return `${delivery?.state}: ${delivery?.stores.map(({ store, state, version }) => `${store} ${state} ${version}`).join(', ')}`
}

describe('stores', () => {
  test('are made in either database, and what is wrong is said', async () => {
    const rows = await listStores(platform.home)
    expect(rows.map(({ name, kind, database }) => `${name} ${kind} ${database}`)).toEqual([
      'acme-only dedicated null',
      'big pooled null',
      'default pooled null',
      'eu-1 pooled eu',
      'eu-2 dedicated eu',
    ])
    const refused = (wanted: Parameters<typeof createStore>[1]) => expect(createStore(platform.fleet, wanted)).rejects
    await refused({ name: 'big' }).toMatchObject({ code: 'STORE_EXISTS' })
    await refused({ name: 'Big store' }).toMatchObject({ code: 'STORE_NAME_INVALID' })
    await refused({ name: 'us-1', database: 'us' }).toMatchObject({ code: 'DATABASE_UNKNOWN' })
    await expect(createStore({ home: platform.eu, named: {} }, { name: 'elsewhere' })).rejects.toMatchObject({
      code: 'NOT_HOME',
    })
    await expect(
      createStore({ home: platform.home, named: { us: platform.eu } }, { name: 'us-1', database: 'us' }),
    ).rejects.toMatchObject({ code: 'DATABASE_TAKEN' })
  })

  test('a tenant is made in a store, a dedicated one is the first tenant’s alone', async () => {
    await migrate(platform.home, schema('shop', V1))
    await createTenant(platform.fleet, { slug: 'anna', schemas: ['shop'] })
    await createTenant(platform.fleet, { slug: 'bert', schemas: ['shop'], store: 'big' })
    await createTenant(platform.fleet, { slug: 'carl', schemas: ['shop'], store: 'eu-2' })
    await expect(
      createTenant(platform.fleet, { slug: 'dora', schemas: ['shop'], store: 'eu-2' }),
    ).rejects.toMatchObject({ code: 'STORE_DEDICATED' })
    await createTenant(platform.fleet, { slug: 'dora', store: 'eu-1' })
    // Where it has a store, that is where all that it installs goes.
    await installSchema(platform.fleet, { tenant: 'dora', schema: 'shop' })
    expect(await installs('shop')).toEqual({
      anna: '1 default',
      bert: '1 big',
      carl: '1 eu-2 eu',
      dora: '1 eu-1 eu',
    })
    const [fence] = await platform.query(platform.eu, 'select count(*) from backsaas.fence_tenants')
    expect(fence).toEqual(['3'])
    const found = await platform.query(
      platform.eu,
      `select count(*)::text from pg_class where relname = 'people' and relkind = 'r'`,
    )
    expect(found).toEqual([['2']])
  }, 60_000)

  test('a version comes to every store, compatible or by a migration, and installs follow', async () => {
    await platform.work()
    await migrate(platform.home, schema('shop', V2))
    await expect.poll(() => states('shop'), LONG).toBe('done: big done 2, eu-1 done 2, eu-2 done 2')
    expect(await installs('shop')).toEqual({ anna: '2 default', bert: '2 big', carl: '2 eu-2 eu', dora: '2 eu-1 eu' })
    await migrate(platform.home, schema('shop', V3))
    await expect.poll(() => states('shop'), LONG).toBe('live: big live 3, eu-1 live 3, eu-2 live 3')
    expect(await installs('shop')).toEqual({ anna: '3 default', bert: '3 big', carl: '3 eu-2 eu', dora: '3 eu-1 eu' })
    await platform.stopWork()
  }, 60_000)

  test('the contract of a store waits for whoever is pinned there, and no other store does', async () => {
    await platform.work()
    await pinInstall(platform.home, { tenant: 'dora', profile: 'shop', version: 2, until: '30d', reason: 'an audit' })
    const [open] = await migrationStatus(platform.home, { schema: 'shop' })
    await platform.query(
      platform.home,
      `update backsaas.migrations set wanted = 'done', hurried = true, confirmed = token where not follows`,
    )
    await expect.poll(() => states('shop'), LONG).toBe('live: big done 3, eu-1 live 3, eu-2 done 3')
    expect(open?.toVersion).toBe(3)
    const problem = async () => (await listDeliveries(platform.home, 'shop'))[0]?.stores[1]?.problem
    await expect.poll(problem, LONG).toMatchObject({ code: 'INSTALLS_PINNED' })
    await unpinInstall(platform.home, { tenant: 'dora', profile: 'shop' })
    await expect.poll(() => states('shop'), LONG).toBe('done: big done 3, eu-1 done 3, eu-2 done 3')
    for (const database of [platform.home, platform.eu]) {
      const rows = await platform.query(
        database,
        `select distinct v.version::text, v.state from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'shop' order by 1`,
      )
      const left = await platform.query(
        database,
        `select count(*)::text from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relname = 'people' and a.attname = 'price' and not attisdropped`,
      )
      expect([rows, left]).toEqual([
        database === platform.home
          ? [
              ['1', 'retired'],
              ['2', 'retired'],
              ['3', 'live'],
            ]
          : [
              ['1', 'retired'],
              ['2', 'retired'],
              ['3', 'live'],
            ],
        [['0']],
      ])
    }
    await platform.stopWork()
  }, 60_000)

  test('taken back, every store goes first, and the default one last', async () => {
    await migrate(platform.home, schema('desk', V1))
    await createTenant(platform.fleet, { slug: 'emil', schemas: ['desk'], store: 'big' })
    await createTenant(platform.fleet, { slug: 'fred', schemas: ['desk'], store: 'eu-1' })
    await platform.work()
    await migrate(platform.home, schema('desk', V3))
    await expect.poll(() => states('desk'), LONG).toBe('live: big live 2, eu-1 live 2')
    expect(await installs('desk')).toEqual({ emil: '2 big', fred: '2 eu-1 eu' })
    const [open] = await migrationStatus(platform.home, { schema: 'desk' })
    const lead = (
      await platform.query(
        platform.home,
        `select id from backsaas.migrations where schema_name = 'desk' and not follows`,
      )
    )[0]
    expect(open).toBeDefined()
    await rollbackMigration(platform.home, String(lead?.[0]))
    expect(await installs('desk')).toEqual({ emil: '1 big', fred: '1 eu-1 eu' })
    await expect.poll(() => states('desk'), LONG).toBe('rolled_back: big rolled_back 1, eu-1 rolled_back 1')
    const told = `select data ->> 'store' from backsaas_00000000000070008000000000000003.events where type = 'schema.migration.rolled_back'`
    expect(await platform.query(platform.eu, told)).toEqual([['eu-1']])
    await platform.stopWork()
  }, 60_000)

  test('suspension is in the fence of every database that has rows of the tenant', async () => {
    await suspendTenant(platform.fleet, 'dora')
    const fence = async () =>
      (
        await platform.query(
          platform.eu,
          `select state from backsaas.fence_tenants where tenant_id in (select tenant_id from backsaas.fence_tenants) and tenant_id = '${
            (
              await platform.query(platform.home, `select id from ${await table('tenants')} where slug = 'dora'`)
            )[0]?.[0]
          }'`,
        )
      )[0]?.[0]
    expect(await fence()).toBe('suspended')
  })

  test('a migration of another database is not run without home', async () => {
    const id = (
      await platform.query(platform.eu, `select id from backsaas.migrations where schema_name = 'desk'`)
    )[0]?.[0]
    await expect(runMigration(platform.eu, String(id))).rejects.toMatchObject({ code: 'HOME_NEEDED' })
  })
})
