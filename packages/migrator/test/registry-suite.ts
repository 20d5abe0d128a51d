/** Tenants and keys, and the relay of what they tell. */
import type { Bus, Event } from '@backsaas/core'
import { hashApiKey, parseApiKey } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createKey,
  createTenant,
  listKeys,
  listSchemas,
  listTenants,
  migrate,
  type Relay,
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
      await migrate(db.database, shop())
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
      expect((await listTenants(db.database)).length).toBe(2)
    })

    test('a tenant made twice at once is made once', async () => {
      const codes = await Promise.all([1, 2, 3].map(() => codeOf(createTenant(db.database, { slug: 'twice' }))))
      expect(codes.toSorted()).toEqual(['TENANT_EXISTS', 'TENANT_EXISTS', null])
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
      expect(await codeOf(create({ expiresAt: 'tomorrow' }))).toBe('KEY_EXPIRY_INVALID')
      expect(await codeOf(create({ expiresAt: '2001-01-01' }))).toBe('KEY_EXPIRY_INVALID')
    })

    test('the relay sends every event once, in one order, and again what a bus refused', async () => {
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
      await until(() => bus.events.length >= 4)
      await createTenant(db.database, { slug: 'later' })
      relay.kick()
      await until(() => bus.events.length >= 5)
      await relay.close()
      expect(bus.events.map(({ type }) => type)).toEqual([
        'schema.created',
        'schema.created',
        'tenant.created',
        'tenant.created',
        'tenant.created',
      ])
      expect(bus.events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
      expect(bus.events.at(-1)).toMatchObject({ specversion: '1.0', source: '/registry', data: { slug: 'later' } })
      expect(bus.events.at(-1)?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/)
      expect(await db.sql(`select count(*)::text from ${platform}.events where sent_at is null`)).toEqual([['0']])
    })

    test('of two relays one works, and the other takes over', async () => {
      const [one, two] = [recordingBus(), recordingBus()]
      const options = { intervalMs: 10, leaseMs: 100 }
      const first = await startRelay(db.database, one, options)
      await createTenant(db.database, { slug: 'first' })
      await until(() => one.events.length === 1)
      const second: Relay = await startRelay(db.database, two, options)
      await createTenant(db.database, { slug: 'second' })
      await until(() => one.events.length === 2)
      expect(two.events).toEqual([])
      await first.close()
      await createTenant(db.database, { slug: 'third' })
      await until(() => two.events.length === 1)
      await second.close()
      expect(one.events.map(({ position }) => position)).toEqual([6, 7])
      expect(two.events.map(({ position }) => position)).toEqual([8])
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
