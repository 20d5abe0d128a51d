/** Tenants and keys, and the relay of what they tell. */
import type { Bus, Event } from '@backsaas/core'
import { hashApiKey, parseApiKey } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createKey,
  createTenant,
  installSchema,
  listKeys,
  listSchemas,
  listTenants,
  migrate,
  revokeKey,
  startRelay,
} from '../src/index.ts'
import { codeOf, type OpenTestDatabase, type TestDatabase } from './open-databases.ts'
import { shop } from './schemas.ts'

export function registrySuite(name: string, open: OpenTestDatabase): void {
  describe(`the registry on ${name}`, () => {
    let db: TestDatabase
    const platform = 'backsaas_00000000000070008000000000000003'

    beforeAll(async () => {
      db = await open()
      await migrate(db.database, shop().replace('schema: shop', 'schema: shop\nroles: { sales: {} }'))
    })
    afterAll(() => db.close())

    test('a new tenant has its schemas as profiles, the first as default, and the platform', async () => {
      const { id } = await createTenant(db.database, {
        slug: 'acme',
        name: 'Acme',
        hosts: ['shop.acme.test'],
        schemas: ['shop'],
      })
      const installs = await db.sql(
        `select profile, is_default::text, version::text from ${platform}.installs where tenant_id = $1 order by 1`,
        [id],
      )
      expect(installs).toEqual([
        ['platform', 'false', '1'],
        ['shop', 'true', '1'],
      ])
      expect((await listTenants(db.database)).map(({ slug, hosts, status }) => [slug, hosts, status])).toEqual([
        ['acme', ['shop.acme.test'], 'live'],
        ['system', [], 'live'],
      ])
      expect((await listSchemas(db.database)).map(({ name: schema, owner }) => [schema, owner])).toEqual([
        ['platform', 'system'],
        ['shop', 'system'],
      ])
    })

    test('a schema is installed for a tenant once, its own before a shared one', async () => {
      const { id } = await createTenant(db.database, { slug: 'late' })
      const profiles = (): Promise<unknown> =>
        db.sql(`select profile, is_default::text from ${platform}.installs where tenant_id = $1 order by 1`, [id])
      expect(await profiles()).toEqual([['platform', 'true']])
      const install = { tenant: 'late', schema: 'shop' }
      expect(await installSchema(db.database, install)).toMatchObject({ installed: true, profile: 'shop', version: 1 })
      expect(await installSchema(db.database, install)).toMatchObject({ installed: false, profile: 'shop' })
      expect(await profiles()).toEqual([
        ['platform', 'false'],
        ['shop', 'true'],
      ])
      await migrate(db.database, shop().replace('schema: shop', 'schema: own'), { owner: 'late' })
      expect(await profiles()).toEqual([
        ['own', 'false'],
        ['platform', 'false'],
        ['shop', 'true'],
      ])
      expect(await codeOf(installSchema(db.database, { tenant: 'acme', schema: 'own' }))).toBe('SCHEMA_UNKNOWN')
      // Its own of a name that another has there: published, and there to be installed as something else.
      await migrate(db.database, shop(), { owner: 'late' })
      expect(await profiles()).toHaveLength(3)
      expect(await codeOf(installSchema(db.database, install))).toBe('PROFILE_TAKEN')
      const own = await installSchema(db.database, { ...install, as: 'own_shop' })
      expect(own).toMatchObject({ installed: true, profile: 'own_shop' })
      expect(await codeOf(installSchema(db.database, { ...install, as: 'platform' }))).toBe('PROFILE_INVALID')
      const theirs = { ...install, schema: 'system/shop' }
      expect(await installSchema(db.database, theirs)).toMatchObject({ installed: false, profile: 'shop' })
      expect((await listSchemas(db.database)).map((s) => [s.name, s.owner])).toContainEqual(['own', 'late'])
    })

    test('what is taken or malformed is refused, and nothing is left behind', async () => {
      const create = (slug: string, more: object = {}): Promise<unknown> => createTenant(db.database, { slug, ...more })
      expect(await codeOf(create('acme'))).toBe('TENANT_EXISTS')
      expect(await codeOf(create('other', { hosts: ['shop.acme.test'] }))).toBe('TENANT_HOST_TAKEN')
      expect(await codeOf(create('other', { schemas: ['nothing'] }))).toBe('SCHEMA_UNKNOWN')
      for (const slug of ['a', 'Acme', '1a', 'a_b', 'a:b', '*', 'a-', 'x'.repeat(64), `a'b`, '']) {
        expect([slug, await codeOf(create(slug))]).toEqual([slug, 'TENANT_SLUG_INVALID'])
      }
      for (const slug of ['system', 'platform']) expect(await codeOf(create(slug))).toBe('TENANT_SLUG_RESERVED')
      for (const host of ['A.test', 'a.test:80', 'http://a.test', 'a..b', '-a.test', '{a,b}']) {
        expect([host, await codeOf(create('other', { hosts: [host] }))]).toEqual([host, 'TENANT_HOST_INVALID'])
      }
      expect((await listTenants(db.database)).length).toBe(3)
    })

    test('what is made several times at once is made once', async () => {
      const times = Array.from({ length: 8 }, (_, i) => i)
      const codes = await Promise.all(times.map(() => codeOf(createTenant(db.database, { slug: 'twice' }))))
      expect(codes.toSorted()).toEqual([...times.slice(1).map(() => 'TENANT_EXISTS'), null])
      const text = shop().replace('schema: shop', 'schema: store')
      const migrated = await Promise.all(times.slice(0, 4).map(() => migrate(db.database, text)))
      expect(migrated.map(({ created }) => created).toSorted()).toEqual([false, false, false, true])
    })

    test('a key is kept as a hash under its tenant', async () => {
      const { key, prefix, id } = await createKey(db.database, {
        tenant: 'acme',
        name: 'import',
        roles: ['sales'],
        expiresAt: '2100-01-01T00:00:00Z',
      })
      expect(parseApiKey(key)?.prefix).toBe(prefix)
      const stored = await db.sql(
        `select tenant_id::text, id::text, hash, roles::text, (to_jsonb(k)::text like '%' || $1 || '%')::text from ${platform}.api_keys k`,
        [key],
      )
      expect(stored).toEqual([[parseApiKey(key)?.tenantId, id, await hashApiKey(key), '{sales}', 'false']])
      expect(await listKeys(db.database, 'acme')).toMatchObject([{ name: 'import', roles: ['sales'], revokedAt: null }])
    })

    test('a malformed key is refused', async () => {
      const create = (more: object): Promise<unknown> => createKey(db.database, { tenant: 'acme', name: 'k', ...more })
      expect(await codeOf(create({ tenant: 'nobody' }))).toBe('TENANT_UNKNOWN')
      expect(await codeOf(create({ name: ' ' }))).toBe('KEY_NAME_INVALID')
      expect(await codeOf(create({ roles: [] }))).toBe('KEY_ROLES_INVALID')
      expect(await codeOf(create({ roles: ['a b'] }))).toBe('KEY_ROLES_INVALID')
      const unknown = create({ roles: ['sales', 'owner'] })
      await expect(unknown).rejects.toMatchObject({
        code: 'KEY_ROLES_UNKNOWN',
        message: expect.stringMatching(/ owner$/),
        hint: expect.stringMatching(/^its roles are admin, .*sales$/),
      })
      expect(await codeOf(create({ tenant: 'system', roles: ['sales'] }))).toBe('KEY_ROLES_UNKNOWN')
      expect(await codeOf(create({ expiresAt: 'tomorrow' }))).toBe('KEY_EXPIRY_INVALID')
      expect(await codeOf(create({ expiresAt: '2001-01-01' }))).toBe('KEY_EXPIRY_INVALID')
    })

    test('a key is revoked once, by its tenant and prefix', async () => {
      const { id, prefix } = await createKey(db.database, { tenant: 'acme', name: 'gone' })
      const revokedAt = async () => (await listKeys(db.database, 'acme')).find((key) => key.id === id)?.revokedAt
      expect(await codeOf(revokeKey(db.database, { tenant: 'late', prefix }))).toBe('KEY_UNKNOWN')
      expect(await codeOf(revokeKey(db.database, { tenant: 'nobody', prefix }))).toBe('TENANT_UNKNOWN')
      expect(await revokedAt()).toBeNull()
      expect(await revokeKey(db.database, { tenant: 'acme', prefix })).toEqual({ id, revoked: true })
      const at = await revokedAt()
      expect(Date.parse(at ?? '')).toBeGreaterThan(Date.now() - 60_000)
      expect(await revokeKey(db.database, { tenant: 'acme', prefix })).toEqual({ id, revoked: false })
      expect(await revokedAt()).toBe(at)
      expect((await listKeys(db.database, 'acme')).filter((key) => key.revokedAt !== null)).toHaveLength(1)
    })

    test('the relay sends every event once, in one order, and again what a bus refused', async () => {
      // More than nine, so that positions read as text would come in another order.
      for (let i = 0; i < 12; i++) await createTenant(db.database, { slug: `crowd-${i}` })
      const bus = recordingBus()
      let refuse = true
      const failing: Bus = {
        ...bus,
        async publish(events) {
          if (refuse) throw new Error('the bus is away')
          await bus.publish(events)
        },
      }
      const failures: string[] = []
      const relay = await startRelay(db.database, failing, {
        intervalMs: 20,
        leaseMs: 200,
        observe: (o) => o.kind === 'error' && failures.push(o.code),
      })
      await until(() => failures.length > 0)
      refuse = false
      relay.kick()
      const [[total] = []] = await db.sql(`select count(*)::text from ${platform}.events`)
      await until(() => bus.events.length >= Number(total))
      await createTenant(db.database, { slug: 'later' })
      relay.kick()
      await until(() => bus.events.length > Number(total))
      await relay.close()
      const written = await db.sql(`select id::text from ${platform}.events order by time, id`)
      expect(bus.events.map(({ id }) => id)).toEqual(written.map(([id]) => id))
      expect(bus.events.map(({ position }) => position)).toEqual(written.map((_, i) => i + 1))
      expect(bus.events.at(-1)).toMatchObject({ specversion: '1.0', source: '/registry', data: { slug: 'later' } })
      expect(bus.events.at(-1)?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/)
      expect(await db.sql(`select count(*)::text from ${platform}.events where sent_at is null`)).toEqual([['0']])
    })

    test('the registry’s events wake an idle relay; it does not look for them', async () => {
      const bus = recordingBus()
      const hour = 3_600_000
      const relay = await startRelay(db.database, bus, { intervalMs: hour, leaseMs: hour })
      for (let n = 1; n <= 3; n++) {
        await createTenant(db.database, { slug: `waking-${n}` })
        await until(() => bus.events.length === n)
      }
      await relay.close()
    })

    test('an event of a record notifies nobody', async () => {
      const heard: string[] = []
      const stop = await db.database.listen?.('backsaas_outbox', (payload) => heard.push(payload), { login: 'owner' })
      const copy = (type: string) => `
        insert into ${platform}.events (tenant_id, id, type, source, time, data, position, sent_at)
        select tenant_id, gen_random_uuid(), '${type}', source, time, data, position, sent_at
        from ${platform}.events where sent_at is not null limit 1`
      await db.sql(copy('record.created'))
      await db.sql(copy('policy.updated'))
      await until(() => heard.length > 0)
      expect(heard).toEqual([''])
      await stop?.()
    })

    test('of two relays one works, and the other takes over', async () => {
      const [one, two] = [recordingBus(), recordingBus()]
      const options = { intervalMs: 10, leaseMs: 60 }
      const first = await startRelay(db.database, one, options)
      const second = await startRelay(db.database, two, options)
      for (let n = 1; n <= 6; n++) {
        await createTenant(db.database, { slug: `one-${n}` })
        await until(() => one.events.length + two.events.length === n)
      }
      expect([one.events.length, two.events.length]).toEqual([6, 0])
      await first.close()
      await createTenant(db.database, { slug: 'two-1' })
      await until(() => two.events.length === 1)
      await second.close()
      const positions = [...one.events, ...two.events].map(({ position }) => position ?? 0)
      const start = positions[0] ?? 0
      expect(positions).toEqual(positions.map((_, i) => start + i))
    })

    test('a relay whose lease is lost while it sends marks nothing: its events are sent again', async () => {
      const [slow, next] = [recordingBus(), recordingBus()]
      let sending = (): void => {}
      const stuck = new Promise<void>((resolve) => {
        sending = resolve
      })
      const first = await startRelay(
        db.database,
        { ...slow, publish: async (events) => slow.publish(events).then(() => stuck) },
        { intervalMs: 10, leaseMs: 30 },
      )
      await createTenant(db.database, { slug: 'late-1' })
      await until(() => slow.events.length === 1)
      const second = await startRelay(db.database, next, { intervalMs: 10, leaseMs: 30 })
      await until(() => next.events.length === 1)
      expect(next.events[0]).toEqual(slow.events[0])
      sending()
      await first.close()
      await second.close()
      expect(await db.sql(`select count(*)::text from ${platform}.events where sent_at is null`)).toEqual([['0']])
    })
  })
}

function recordingBus(): Bus & { readonly events: Event[] } {
  const events: Event[] = []
  return {
    name: 'recording',
    events,
    async publish(more) {
      events.push(...more)
    },
    read: async () => events,
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(condition()).toBe(true)
}
