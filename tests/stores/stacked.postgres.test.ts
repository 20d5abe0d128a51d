/** Two migrations of a schema, one over the other, in every store: each store contracts them in their order, as the default store does. */
import {
  createStore,
  createTenant,
  migrate,
  migrationStatus,
  pinInstall,
  rollbackMigration,
  unpinInstall,
} from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFleet, type TestFleet } from './start-fleet.ts'

const schema = (...fields: string[]): string =>
  `schema: crm\nentities:\n  people:\n    fields:\n${fields.map((field) => `      ${field}\n`).join('')}`
const NAME = 'name: { type: string }'
const PRICE = 'price: { type: integer }'
const CONVERTED = 'price: { type: decimal, convert: { up: "decimal(price)", down: "int(price)" } }'
const COUNT = 'count: { type: integer }'
const V1 = schema(NAME, PRICE, COUNT)
const V2 = schema(NAME, CONVERTED, COUNT)
const V3 = schema(NAME, CONVERTED, 'count: { type: string, convert: { up: "string(count)", down: "int(count)" } }')
const LONG = { timeout: 60_000, interval: 50 }

let platform: TestFleet
beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'big' })
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  await migrate(platform.home, V1)
  await createTenant(platform.fleet, { slug: 'anna', schemas: ['crm'], store: 'big' })
  await createTenant(platform.fleet, { slug: 'bert', schemas: ['crm'], store: 'eu-1' })
  await platform.work()
}, 120_000)
afterAll(() => platform.close())

interface Standing {
  readonly store: string
  readonly state: string
  readonly version: number
  readonly problem?: { readonly code: string }
}

async function delivery(version: number): Promise<readonly [state: string, stores: readonly Standing[]]> {
  const [row] = await platform.query(
    platform.home,
    `select state, stores::text from ${await platform.table('deliveries')} where version = ${version}`,
  )
  return [String(row?.[0]), JSON.parse(String(row?.[1])) as Standing[]]
}
async function standing(version: number): Promise<string> {
  const [state, stores] = await delivery(version)
  return `${state}: ${stores.map((one) => `${one.store} ${one.state} ${one.version}`).join(', ')}`
}
/** Of the default store. */
async function steer(to: number, wanted: string): Promise<void> {
  await platform.query(
    platform.home,
    `update backsaas.migrations set wanted = '${wanted}', hurried = true, confirmed = token where not follows and to_version = ${to}
       and phase not in ('done', 'rolled_back')`,
  )
}

test('the newest comes and goes while the older waits, and contracts come in their order', async () => {
  await pinInstall(platform.home, { tenant: 'bert', profile: 'crm', until: '30d', reason: 'an audit' })
  await migrate(platform.home, V2)
  await expect.poll(() => standing(2), LONG).toBe('live: big live 2, eu-1 live 2')
  await migrate(platform.home, V3)
  await expect.poll(() => standing(3), LONG).toBe('live: big live 3, eu-1 live 3')

  const open = (await migrationStatus(platform.home, { schema: 'crm' })).filter(({ toVersion }) => toVersion === 3)
  const follows = await platform.query(platform.home, 'select id::text from backsaas.migrations where follows')
  const own = open.find(({ id }) => !follows.some(([one]) => one === id))
  await rollbackMigration(platform.home, String(own?.id))
  await expect.poll(() => standing(3), LONG).toBe('rolled_back: big rolled_back 2, eu-1 rolled_back 2')
  await expect.poll(() => standing(2), LONG).toBe('live: big live 2, eu-1 live 2')
  await migrate(platform.home, V3)
  await expect.poll(() => standing(4), LONG).toBe('live: big live 4, eu-1 live 4')

  await steer(2, 'done')
  await expect.poll(() => standing(2), LONG).toBe('live: big done 4, eu-1 live 4')
  await expect.poll(async () => (await delivery(2))[1][1]?.problem, LONG).toMatchObject({ code: 'INSTALLS_PINNED' })
  await steer(4, 'done')
  await expect.poll(() => standing(4), LONG).toBe('live: big done 4, eu-1 live 4')
  await unpinInstall(platform.home, { tenant: 'bert', profile: 'crm' })
  await expect.poll(() => standing(4), LONG).toBe('done: big done 4, eu-1 done 4')
  await expect.poll(() => standing(2), LONG).toBe('done: big done 4, eu-1 done 4')
  for (const database of [platform.home, platform.eu]) {
    const left = await platform.query(
      database,
      `select distinct a.attname::text from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relname = 'people' and c.relkind = 'r' and a.attname ~ '^(price|count)' and not attisdropped order by 1`,
    )
    expect(left.map(([name]) => name)).toEqual(['count_3', 'price_2'])
  }
}, 180_000)
