/** The change feed on Postgres: whoever changes a row, every runtime knows at its next beat, and looks for nothing else. */
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import sql from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { startWireCounter, type WireCounter } from '../fixture/wire-counter.ts'

const STORE = 'backsaas_00000000000070008000000000000003'
const SYSTEM = '00000000-0000-7000-8000-000000000001'
/** Far shorter than any age that a cache has of its own. */
const LEASE_MS = 300

let fixture: Fixture
let db: sql.Sql
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
  db = sql(String(fixture.url), { max: 4, onnotice: () => undefined })
})
afterAll(async () => {
  await db?.end()
  await fixture?.close()
})

/** Until `check` holds; the age rules alone would take longer. */
async function soon(check: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 4000
  while (!(await check())) {
    if (Date.now() > until) throw new Error('not within the time that the feed has')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

describe('a runtime that nobody tells anything', () => {
  let wire: WireCounter
  let runtime: Runtime
  let caller: Caller

  async function start(leaseMs: number): Promise<void> {
    wire = await startWireCounter(String(fixture.url))
    runtime = createRuntime({ database: pg(wire.url), beat: { leaseMs, name: 'test host' } })
    await runtime.ready()
    caller = await asCaller(await fixture.newTenant())
    expect((await caller.get('/contacts?limit=1')).status).toBe(200)
  }

  async function asCaller({ slug, id, key }: Caller): Promise<Caller> {
    const send = async (path: string, init?: RequestInit) => runtime.fetch(new Request(`http://localhost${path}`, init))
    return createCaller({ slug, id, key, send })
  }

  afterEach(async () => {
    await runtime.close()
    await wire.close()
  })

  test('sends one statement for each lease while idle, and then finds all that it knows still true', async () => {
    await start(1000)
    // The next beat tells that the tenant is new, and what was read of it meanwhile is forgotten.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await caller.get('/contacts?limit=1')
    wire.take()
    // Longer than anything is fresh by its age.
    await new Promise((resolve) => setTimeout(resolve, 5500))
    const idle = wire.take()
    expect(idle.statements).toBeGreaterThan(0)
    expect(idle.statements).toBeLessThanOrEqual(6)
    expect(idle.syncs).toBe(idle.statements)
    expect((await caller.get('/contacts?limit=1')).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(wire.take().statements).toBeLessThanOrEqual(2)
  }, 20_000)

  describe('knows soon', () => {
    beforeEach(() => start(LEASE_MS))

    test('of a key revoked, and of one made anew, by hand', async () => {
      await db.unsafe(`update ${STORE}.api_keys set revoked_at = now() where tenant_id = '${caller.id}'`)
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 401)
      await db.unsafe(`update ${STORE}.api_keys set revoked_at = null where tenant_id = '${caller.id}'`)
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 200)
      await db.unsafe(`delete from ${STORE}.api_keys where tenant_id = '${caller.id}'`)
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 401)
    })

    test('of a tenant suspended in its row', async () => {
      await db.unsafe(`update ${STORE}.tenants set status = 'suspended' where id = '${caller.id}'`)
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 403)
    })

    test('of a slug that leads to it, and no longer does', async () => {
      const named = (slug: string) =>
        runtime.fetch(
          new Request(`http://localhost/t/${slug}/rest/v1/contacts?limit=1`, { headers: { apikey: caller.key } }),
        )
      expect((await named('renamed')).status).toBe(400)
      await db.unsafe(`update ${STORE}.tenants set slug = 'renamed' where id = '${caller.id}'`)
      await soon(async () => (await named('renamed')).status === 200)
      expect((await named(caller.slug)).status).toBe(400)
    })

    test('of an install moved or gone, and of all of them gone at once', async () => {
      await db.unsafe(`delete from ${STORE}.installs where tenant_id = '${caller.id}' and profile <> 'platform'`)
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 404)
      const other = await asCaller(await fixture.newTenant())
      expect((await other.get('/contacts?limit=1')).status).toBe(200)
      const kept = await db.unsafe(`select * from ${STORE}.installs`)
      await db.unsafe(`truncate ${STORE}.installs`)
      await soon(async () => (await other.get('/contacts?limit=1')).status === 404)
      await db`insert into ${db(`${STORE}.installs`)} ${db(kept)}`
      await soon(async () => (await other.get('/contacts?limit=1')).status === 200)
    })

    test('what a transaction changed that began before others and ended after them', async () => {
      const other = await asCaller(await fixture.newTenant())
      expect((await other.get('/contacts?limit=1')).status).toBe(200)
      const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
      const { promise: written, resolve: hasWritten } = Promise.withResolvers<void>()
      const revoke = ({ id }: Caller) => `update ${STORE}.api_keys set revoked_at = now() where tenant_id = '${id}'`
      const long = db.begin(async (transaction) => {
        await transaction.unsafe(revoke(caller))
        hasWritten()
        await mayEnd
      })
      await written
      await db.unsafe(revoke(other))
      await soon(async () => (await other.get('/contacts?limit=1')).status === 401)
      expect((await caller.get('/contacts?limit=1')).status).toBe(200)
      end()
      await long
      await soon(async () => (await caller.get('/contacts?limit=1')).status === 401)
    })
  })

  test('is seen in `runtimes` by the admin of the platform, with what it serves, and no longer once it has closed', async () => {
    await start(LEASE_MS)
    const seen = () =>
      db.unsafe(
        `select name, version, serving from ${STORE}.runtimes where name = 'test host' and seen_at > now() - interval '5 s'`,
      )
    await soon(async () => (await seen())[0]?.serving.versions.length === 1)
    const [row] = await seen()
    expect(row?.serving).toMatchObject({ platform: 1, loaded: 1, versions: [{ schema: 'crm', version: 1 }] })
    const asSystem = await runtime
      .for({ tenant: 'system', id: 'op', roles: ['admin'] })
      .schema('platform')
      .from('runtimes')
      .select('name')
    expect(asSystem.data).toContainEqual({ name: 'test host' })
    const asTenant = await runtime
      .for({ tenant: caller.slug, id: 'op', roles: ['admin'] })
      .schema('platform')
      .from('runtimes')
      .select('name')
    expect(asTenant.data).toEqual([])
    await runtime.close()
    expect(await seen()).toEqual([])
  })
})

describe('the triggers', () => {
  const changesOf = (entity: string) =>
    db
      .unsafe(`select distinct subject from backsaas.changes where entity = '${entity}'`)
      .then((rows) => rows.map(({ subject }) => subject))

  test('note no more than they are for, and nobody else may write there', async () => {
    const { acme } = fixture.tenants
    await db.unsafe('delete from backsaas.changes')
    await acme.post('/contacts', { email: 'a@example.com', first_name: 'A' })
    await db.unsafe(`update ${STORE}.events set sent_at = sent_at`)
    await db.unsafe(`update ${STORE}.installs set version = version where false`)
    expect(await db.unsafe('select * from backsaas.changes')).toEqual([])
    const [login] = await db.unsafe(`select name from backsaas.logins where kind = 'runtime'`)
    const as = (text: string) => db.begin((t) => t.unsafe(`set local role "${login?.name}"`).then(() => t.unsafe(text)))
    await as('select * from backsaas.changes')
    for (const text of [
      'insert into backsaas.changes (entity) values (null)',
      'delete from backsaas.changes',
      'select backsaas.note_change()',
    ])
      await expect(as(text)).rejects.toMatchObject({ code: '42501' })
  })

  test('name both tenants of a row that changes hands, and all where it is too many', async () => {
    const [a, b] = [await fixture.newTenant(), await fixture.newTenant()]
    await db.unsafe('delete from backsaas.changes')
    await db.unsafe(`update ${STORE}.api_keys set tenant_id = '${b.id}' where tenant_id = '${a.id}'`)
    expect((await changesOf('api_keys')).toSorted()).toEqual([a.id, b.id].toSorted())
    await db.unsafe(
      `insert into backsaas.fence_tenants select gen_random_uuid(), 'suspended' from generate_series(1, 5001)`,
    )
    expect(await changesOf('fence_tenants')).toEqual([null])
    await db.unsafe(`delete from backsaas.fence_tenants where state = 'suspended'`)
    await db.unsafe(`update backsaas.fence_tenants set state = 'live' where tenant_id = '${SYSTEM}'`)
    expect(await changesOf('fence_tenants')).toContain(SYSTEM)
  })
})
