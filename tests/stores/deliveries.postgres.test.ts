/** How a version goes to stores: in which order, how many at once, and what happens where one fails, is away, or whoever delivers is killed. */
import { fileURLToPath } from 'node:url'
import type { Connection, Database } from '@backsaas/core'
import { DatabaseError } from '@backsaas/core'
import {
  createStore,
  createTenant,
  type DeliveryPlan,
  type Fleet,
  listDeliveries,
  listRollouts,
  migrate,
  resumeTenant,
  type StoreStanding,
  startDeliveries,
  startMigrations,
  startRollouts,
  steerRollout,
  suspendTenant,
} from '@backsaas/migrator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { killThere } from '../fixture/kill-when.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const BEFORE = (name: string): string => `schema: ${name}
entities:
  people:
    fields:
      code: { type: string, required: true }
`
/** Not every text is a number. */
const AFTER = (name: string): string => `schema: ${name}
entities:
  people:
    fields:
      code: { type: integer, required: true, convert: { up: "int(code)", down: "string(code)" } }
`
const STORES = ['one', 'two', 'three', 'eu-1', 'eu-2'] as const
const LONG = { timeout: 30_000, interval: 50 }

let platform: TestFleet
beforeAll(async () => {
  platform = await startFleet()
  for (const [position, name] of STORES.entries()) {
    await createStore(platform.fleet, { name, position, ...(name.startsWith('eu') && { database: 'eu' }) })
  }
}, 120_000)
afterEach(() => platform.stopWork())
afterAll(() => platform.close())

/** A schema of its own, with a tenant in each store; `bad` has a row that cannot be converted. */
async function placed(name: string, bad: readonly string[] = []): Promise<void> {
  await migrate(platform.home, BEFORE(name))
  for (const store of STORES) {
    const slug = `${name}-${store}`
    const { id } = await createTenant(platform.fleet, { slug, schemas: [name], store })
    await addRow(name, store, id, bad.includes(store) ? 'many' : '7')
  }
}

const databaseOf = (store: string): Database => (store.startsWith('eu') ? platform.eu : platform.home)

async function addRow(name: string, store: string, tenant: string, code: string): Promise<void> {
  const table = await physical(name, store)
  await platform.query(
    databaseOf(store),
    `insert into ${table} (tenant_id, id, code) values ('${tenant}', gen_random_uuid(), '${code}')`,
  )
}

async function physical(name: string, store: string): Promise<string> {
  const [row] = await platform.query(
    platform.home,
    `select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'people' ->> 'table')
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     join ${await platform.table('stores')} s on s.id = p.store_id where p.schema_name = '${name}' and s.name = '${store}' limit 1`,
  )
  return String(row?.[0])
}

async function stores(name: string): Promise<readonly StoreStanding[]> {
  return (await listDeliveries(platform.home, name))[0]?.stores ?? []
}
async function states(name: string): Promise<string> {
  const [delivery] = await listDeliveries(platform.home, name)
  return `${delivery?.state}: ${delivery?.stores.map(({ state }) => state).join(' ')}`
}
/** Of which stores a type of event told of a schema's migrations; the default one is not named. */
async function toldOf(name: string, type: string): Promise<readonly string[]> {
  const all = await Promise.all(
    [platform.home, platform.eu].map((database) =>
      platform.query(
        database,
        `select distinct coalesce(e.data ->> 'store', '-') from backsaas_00000000000070008000000000000003.events e
         join backsaas.migrations m on m.id::text = e.subject where e.type = 'schema.migration.${type}' and m.schema_name = '${name}'`,
      ),
    ),
  )
  return all.flat().map(([store]) => String(store))
}
const publish = (name: string, delivery: DeliveryPlan = {}) => migrate(platform.home, AFTER(name), { delivery })

describe('a delivery', () => {
  test('goes to stores in their order, and to no more at once than may', async () => {
    await placed('ordered')
    await platform.work()
    const began: string[] = []
    let most = 0
    let isWatching = true
    const watch = async (): Promise<void> => {
      const all = await stores('ordered')
      for (const { store, state } of all) if (state !== 'pending' && !began.includes(store)) began.push(store)
      most = Math.max(most, all.filter(({ state }) => state === 'migrating').length)
      if (isWatching) await watch()
    }
    const watching = watch()
    await publish('ordered', { concurrency: 1 })
    await expect.poll(() => states('ordered'), LONG).toBe('live: live live live live live')
    isWatching = false
    await watching
    expect(began).toEqual(STORES)
    expect(most).toBe(1)
  }, 60_000)

  test('its migrations are told of with the name of the store', async () => {
    await placed('named', ['two'])
    await platform.work()
    await publish('named', { onError: 'continue' })
    await expect.poll(() => states('named'), LONG).toBe('running: live failed live live live')
    expect(await toldOf('named', 'failed')).toEqual(['two'])
    await platform.query(platform.home, `update ${await physical('named', 'two')} set code = '8' where code = 'many'`)
    await platform.query(platform.home, `update backsaas.migrations set state = 'ready' where state = 'blocked'`)
    await expect.poll(() => states('named'), LONG).toBe('live: live live live live live')
    const contract = `set wanted = 'done', hurried = true, confirmed = token where not follows and schema_name = 'named'`
    await platform.query(platform.home, `update backsaas.migrations ${contract}`)
    await expect.poll(() => states('named'), LONG).toBe('done: done done done done done')
    for (const type of ['requested', 'started', 'completed'])
      expect((await toldOf('named', type)).toSorted(), type).toEqual(['-', ...STORES].toSorted())
  }, 60_000)

  test('where one fails, those after it do not begin; once it is put right all goes on by itself', async () => {
    await placed('halting', ['two'])
    await platform.work()
    await publish('halting', { concurrency: 1, onError: 'halt' })
    await expect.poll(() => states('halting'), LONG).toBe('halted: live failed pending pending pending')
    const [, two] = await stores('halting')
    expect(two?.problem).toMatchObject({ code: 'ROWS_QUARANTINED' })
    const [delivery] = await listDeliveries(platform.home, 'halting')
    expect(delivery?.state).toBe('halted')
    await platform.query(platform.home, `update ${await physical('halting', 'two')} set code = '8' where code = 'many'`)
    await platform.query(platform.home, `update backsaas.migrations set state = 'ready' where state = 'blocked'`)
    await expect.poll(() => states('halting'), LONG).toBe('live: live live live live live')
  }, 60_000)

  test('with `continue` the others do not wait for it', async () => {
    await placed('going', ['one', 'eu-1'])
    await platform.work()
    await publish('going', { onError: 'continue' })
    await expect.poll(() => states('going'), LONG).toBe('running: failed live live failed live')
    const rows = await platform.query(
      platform.home,
      `select count(*)::text, (max(to_jsonb(d) ->> 'problem'))::json ->> 'count' from ${await platform.table('deliveries')} d
       where schema_name = 'going' group by id`,
    )
    expect(rows).toEqual([['1', '2']])
  }, 60_000)

  test('goes on where whoever delivered was killed, and several that deliver do no harm', async () => {
    await placed('killed')
    await publish('killed')
    const script = fileURLToPath(new URL('dying-deliverer.ts', import.meta.url))
    for (const point of ['published', 'mirrored', 'noted']) {
      await killThere(script, [platform.urls.home, platform.urls.eu, point])
    }
    const running = [
      await startDeliveries(platform.fleet, { intervalMs: 50 }),
      await startDeliveries(platform.fleet, { intervalMs: 50 }),
      await startMigrations(platform.home, { intervalMs: 100 }),
      await startMigrations(platform.eu, { intervalMs: 100, home: platform.home }),
      await startMigrations(platform.eu, { intervalMs: 100, home: platform.home }),
    ]
    await expect.poll(() => states('killed'), LONG).toBe('live: live live live live live')
    await Promise.all(running.map((one) => one.close()))
    for (const database of [platform.home, platform.eu]) {
      const rows = await platform.query(
        database,
        `select p.id, count(*)::text, count(distinct v.version)::text, (select count(*) from backsaas.migrations m where m.placement_id = p.id)::text
         from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
         where p.schema_name = 'killed' and p.database is null group by 1`,
      )
      for (const [, versions, distinct, migrations] of rows)
        expect([versions, distinct, migrations]).toEqual(['2', '2', '1'])
    }
  }, 90_000)
})

/** The same database, which is away as long as `isAway`. */
function flaky(database: Database, isAway: () => boolean): Database {
  const gone = (): never => {
    throw new DatabaseError('no connection to Postgres', { sqlState: '08001' })
  }
  const wrap = (connection: Connection): Connection => ({
    ...connection,
    batch: async (statements, hints) => (isAway() ? gone() : connection.batch(statements, hints)),
    ...(connection.script && {
      script: async (all, lock) => (isAway() ? gone() : (connection.script?.(all, lock) ?? [])),
    }),
    async transaction(run) {
      if (isAway() || !connection.transaction) return gone()
      return connection.transaction(run)
    },
  })
  return { ...database, open: (scope, login) => wrap(database.open(scope, login)) }
}

/** The same database, whose transactions begin when it `answers`. */
function waiting(database: Database, answers: Promise<void>): Database {
  const wrap = (connection: Connection): Connection => ({
    ...connection,
    async transaction(run) {
      await answers
      return (connection.transaction as NonNullable<Connection['transaction']>)(run)
    },
  })
  return { ...database, open: (scope, login) => wrap(database.open(scope, login)) }
}

describe('a database that cannot be reached', () => {
  let isAway = false
  beforeAll(async () => {
    await migrate(platform.home, BEFORE('fenced'))
  })
  const fleet = (): Fleet => ({ home: platform.home, named: { eu: flaky(platform.eu, () => isAway) } })

  test('holds up its own stores, says so, and they are brought what they lack once it is back', async () => {
    await placed('away')
    isAway = true
    const running = [
      await startDeliveries(fleet(), { intervalMs: 50 }),
      await startMigrations(platform.home, { intervalMs: 100 }),
      await startMigrations(platform.eu, { intervalMs: 100, home: platform.home }),
    ]
    await publish('away')
    await expect.poll(() => states('away'), LONG).toMatch(/^halted: live live live unreachable/)
    expect((await stores('away'))[3]?.problem).toMatchObject({ code: 'STORE_UNREACHABLE' })
    // Nobody is rolled out to where it cannot be had.
    await expect(steerRollout(platform.home, 'start_rollout', { schema: 'away' })).rejects.toMatchObject({
      code: 'STORES_BEHIND',
      details: { stores: ['eu-1', 'eu-2'] },
    })
    isAway = false
    await expect.poll(() => states('away'), LONG).toBe('live: live live live live live')
    await Promise.all(running.map((one) => one.close()))
  }, 60_000)

  test('that answers slowly takes its own places, and no other delivery waits for it', async () => {
    let answer = (): void => {}
    const answers = new Promise<void>((resolve) => {
      answer = resolve
    })
    await Promise.all(['slow', 'beside'].map((name) => placed(name)))
    const eu = waiting(platform.eu, answers)
    const running = [
      await startDeliveries({ home: platform.home, named: { eu } }, { intervalMs: 100 }),
      await startMigrations(platform.home, { intervalMs: 100 }),
      await startMigrations(platform.eu, { intervalMs: 100, home: platform.home }),
    ]
    await publish('slow', { concurrency: 1 })
    await expect.poll(() => states('slow'), LONG).toBe('running: live live live migrating pending')
    await publish('beside', { concurrency: 3 })
    await expect.poll(() => states('beside'), LONG).toBe('running: live live live migrating migrating')
    expect(await states('slow')).toBe('running: live live live migrating pending')
    answer()
    for (const name of ['slow', 'beside'])
      await expect.poll(() => states(name), LONG).toBe('live: live live live live live')
    await Promise.all(running.map((one) => one.close()))
  }, 60_000)

  test('a suspension holds at home at once, and is done when every database has it', async () => {
    const { id } = await createTenant(platform.fleet, { slug: 'fenced', schemas: ['fenced'], store: 'eu-1' })
    const fence = async (database: Database): Promise<string | null | undefined> =>
      (await platform.query(database, `select state from backsaas.fence_tenants where tenant_id = '${id}'`))[0]?.[0]
    isAway = true
    await expect(suspendTenant(fleet(), 'fenced')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', status: 503 })
    expect([await fence(platform.home), await fence(platform.eu)]).toEqual(['suspended', 'live'])
    const deliveries = await startDeliveries(fleet(), { intervalMs: 50 })
    isAway = false
    await expect.poll(() => fence(platform.eu), LONG).toBe('suspended')
    await deliveries.close()
    await resumeTenant(fleet(), 'fenced')
    expect(await fence(platform.eu)).toBe('live')
  }, 60_000)

  test('of two states the later one stays, whoever tells it first', async () => {
    const { id } = await createTenant(platform.fleet, { slug: 'twice', schemas: ['fenced'], store: 'eu-2' })
    let arrive = (): void => {}
    const hasRead = new Promise<void>((resolve) => {
      arrive = resolve
    })
    let goOn = (): void => {}
    const mayWrite = new Promise<void>((resolve) => {
      goOn = resolve
    })
    // It has read the state, and is slow to write it.
    const slow: Database = {
      ...platform.eu,
      open(scope, login) {
        const connection = platform.eu.open(scope, login)
        return {
          ...connection,
          async transaction(run) {
            arrive()
            await mayWrite
            return (connection.transaction as NonNullable<Connection['transaction']>)(run)
          },
        }
      },
    }
    const first = suspendTenant({ home: platform.home, named: { eu: slow } }, 'twice')
    await hasRead
    const second = resumeTenant(platform.fleet, 'twice')
    await new Promise((resolve) => setTimeout(resolve, 300))
    goOn()
    await Promise.all([first, second])
    const rows = await platform.query(platform.eu, `select state from backsaas.fence_tenants where tenant_id = '${id}'`)
    expect(rows).toEqual([['live']])
  }, 60_000)

  test('states that change while one is told arrive in the end as the last one was', async () => {
    const { id } = await createTenant(platform.fleet, { slug: 'flapping', schemas: ['fenced'], store: 'eu-2' })
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => (n % 2 ? resumeTenant : suspendTenant)(platform.fleet, 'flapping')),
    )
    expect(all.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    await suspendTenant(platform.fleet, 'flapping')
    const of = async (database: Database) =>
      (await platform.query(database, `select state from backsaas.fence_tenants where tenant_id = '${id}'`))[0]?.[0]
    expect([await of(platform.home), await of(platform.eu)]).toEqual(['suspended', 'suspended'])
  }, 60_000)
})

test('a tenant’s own schema stands in its store, and is installed there', async () => {
  await createTenant(platform.fleet, { slug: 'owner', store: 'eu-1' })
  await migrate(platform.fleet, BEFORE('owned'), { owner: 'owner' })
  const rows = await platform.query(
    platform.home,
    `select p.database from ${await platform.table('installs')} i join backsaas.placements p on p.id = i.placement_id
     where i.schema_name = 'owned'`,
  )
  expect(rows).toEqual([['eu']])
})

describe('a roll-out over stores', () => {
  test('moves installs in all of them, a store as a wave of its own, and counts each', async () => {
    await placed('rolled')
    await platform.work()
    await migrate(platform.home, AFTER('rolled'), { hold: true })
    await expect.poll(() => states('rolled'), LONG).toBe('live: live live live live live')
    const versions = async (): Promise<string> => {
      const rows = await platform.query(
        platform.home,
        `select s.name || ' ' || i.version from ${await platform.table('installs')} i join backsaas.placements p on p.id = i.placement_id
         join ${await platform.table('stores')} s on s.id = p.store_id where i.schema_name = 'rolled' order by s.position`,
      )
      return rows.map(([text]) => text).join(', ')
    }
    expect(await versions()).toBe('one 1, two 1, three 1, eu-1 1, eu-2 1')
    const start = (waves: unknown) =>
      steerRollout(platform.home, 'start_rollout', {
        schema: 'rolled',
        waves: waves as never,
        bake: 0,
        gates: { min_requests: 0 },
      })
    await expect(start([{ store: 'nowhere' }, 100])).rejects.toMatchObject({ code: 'STORE_UNKNOWN' })
    await start([{ store: 'eu-2', bake: '10m' }, 100])
    const leader = await startRollouts(platform.home, { intervalMs: 50 })
    await expect.poll(versions, LONG).toBe('one 1, two 1, three 1, eu-1 1, eu-2 2')
    await steerRollout(platform.home, 'advance_rollout', { schema: 'rolled' })
    await expect.poll(versions, LONG).toBe('one 2, two 2, three 2, eu-1 2, eu-2 2')
    const newest = async () => (await listRollouts(platform.home, 'rolled'))[0]
    await expect.poll(newest, LONG).toMatchObject({ state: 'done', moved: 5, total: 5 })
    await leader.close()
    const rollout = await newest()
    expect(rollout?.stores).toEqual(
      ['eu-1', 'eu-2', 'one', 'three', 'two'].map((store) => ({ store, moved: 1, total: 1, pinned: 0 })),
    )
    // It is what an install gets, in every store.
    await createTenant(platform.fleet, { slug: 'later', schemas: ['rolled'], store: 'eu-1' })
    expect(await versions()).toBe('one 2, two 2, three 2, eu-1 2, eu-1 2, eu-2 2')
  }, 60_000)
})
