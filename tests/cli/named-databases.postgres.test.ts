/** `backsaas migrator` and `backsaas serve` on several databases, one of which comes later and one never. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import {
  createKey,
  createStore,
  createTenant,
  type Fleet,
  listDeliveries,
  migrate,
  migrationStatus,
  runMigration,
} from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../packages/adapters/test/tcp-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { makeFolder, runCli, type Started, startCli } from './start-process.ts'

const SOON = { timeout: 60_000, interval: 100 } as const
const HOOKED = `schema: shop
entities:
  calls:
    fields: { title: { type: string } }
    hooks: { after_create: [{ use: communication.notify, with: { to: title, title: "New: {{title}}" } }] }
    events: [created]
`
const USER = '0197c1a0-0000-7000-8000-000000000001'
const folder = makeFolder()
let home: TestDatabase
let eu: TestDatabase
let way: TcpProxy
let fleet: Fleet
let migrator: Started
let server: Started
let variables: Record<string, string>

beforeAll(async () => {
  home = await createTestDatabase()
  eu = await createTestDatabase()
  way = await startTcpProxy(eu.url)
  way.refuse(true)
  variables = {
    DATABASE_URL: home.url,
    BACKSAAS_DATABASES: `eu=${way.url}\n  us=postgres://u:hidden@127.0.0.1:1/none`,
    PORT: '0',
    HOST: '127.0.0.1',
  }
  migrator = startCli(['migrator', '--health-port', '0', '--log', 'text'], variables)
  server = startCli(['serve'], variables)
  await vi.waitUntil(() => server.stdout().includes('serves at http'), SOON)
  await vi.waitUntil(() => migrator.stdout().includes('/healthz'), SOON)
  fleet = { home: pg(home.url), named: { eu: pg(eu.url) } }
}, 120_000)
afterAll(async () => {
  await Promise.all([fleet?.home.close?.(), fleet?.named.eu?.close?.()])
  folder.remove()
  await way?.close()
  await home?.drop()
  await eu?.drop()
})

async function count(database: Database, sql: string): Promise<number> {
  const scope = { waitUntil: () => undefined, now: () => Date.now() }
  const [result] = await database.open(scope, 'owner').batch([{ text: sql, params: [], prepare: false }])
  return Number(result?.rows[0]?.[0])
}

async function ask(key: string, path: string, init: RequestInit = {}, profile = 'shop'): Promise<Response> {
  const url = /serves at (\S+),/.exec(server.stdout())?.[1] ?? ''
  const headers = { apikey: key, 'content-type': 'application/json' }
  return fetch(`${url}/rest/v1${path}`, {
    ...init,
    headers: { ...headers, 'accept-profile': profile, 'content-profile': profile },
  })
}

test('those that are away hold up nobody, and are named without their passwords', async () => {
  await migrate(fleet.home, HOOKED, { functions: functions().functions })
  await createTenant(fleet.home, { slug: 'anna', schemas: ['shop'] })
  const { key } = await createKey(fleet.home, { tenant: 'anna', name: 'tests', roles: ['admin'] })
  expect((await ask(key, '/calls', { method: 'POST', body: '{"title":"a"}' })).status).toBe(201)
  await expect.poll(() => migrator.stderr(), SOON).toContain('database us: ')
  expect(migrator.stderr()).toContain('database eu: ')
  for (const one of [migrator, server]) expect(one.stdout() + one.stderr()).not.toContain('hidden')
})

test('one that comes is set up, and its tenants are served: rows, events, hooks', async () => {
  expect(await count(fleet.named.eu as Database, `select count(*) from pg_namespace where nspname = 'backsaas'`)).toBe(
    0,
  )
  way.refuse(false)
  const identity = `select count(*) from backsaas.identity where name = 'eu'`
  await expect.poll(() => count(fleet.named.eu as Database, identity).catch(() => 0), SOON).toBe(1)
  await createStore(fleet, { name: 'eu-1', database: 'eu' })
  await createTenant(fleet, { slug: 'carl', schemas: ['shop'], store: 'eu-1' })
  const { key } = await createKey(fleet.home, { tenant: 'carl', name: 'tests', roles: ['admin'] })
  expect((await ask(key, '/calls', { method: 'POST', body: JSON.stringify({ title: USER }) })).status).toBe(201)
  const rows = async (path: string, profile?: string): Promise<unknown> => (await ask(key, path, {}, profile)).json()
  expect(await rows('/calls?select=title')).toEqual([{ title: USER }])
  const told = () =>
    rows('/events?select=type,position&type=in.(record.created,notification.created)&order=type', 'platform')
  await expect.poll(told, SOON).toMatchObject([
    { type: 'notification.created', position: expect.any(Number) },
    { type: 'record.created', position: expect.any(Number) },
  ])
  // What the hook has made of the registry's rows is in the registry.
  expect(
    await count(
      fleet.home,
      `select count(*) from backsaas_00000000000070008000000000000003.notifications where user_id = '${USER}'`,
    ),
  ).toBe(1)
  const store = 'backsaas_00000000000070008000000000000003'
  const done = `select count(*) from ${store}.function_executions where status = 'done'`
  await expect.poll(() => count(fleet.named.eu as Database, done), SOON).toBe(1)
  await fleet.named.eu
    ?.open({ waitUntil: () => undefined, now: () => Date.now() }, 'owner')
    .batch([{ text: `update ${store}.function_executions set status = 'dead'`, params: [], prepare: false }])
  const replay = (...more: string[]) => runCli(['function', 'replay', 'carl', '--json', ...more], variables)
  expect(JSON.parse((await replay()).stdout)).toEqual({ tenant: 'carl', queued: 0 })
  expect(JSON.parse((await replay('--in', 'eu')).stdout)).toEqual({ tenant: 'carl', queued: 1 })
  expect(await replay('--in', 'none')).toMatchObject({ code: 1, stderr: expect.stringContaining('DATABASES') })
  await expect.poll(() => count(fleet.named.eu as Database, done), SOON).toBe(1)
}, 120_000)

test('a breaking version is brought there and run there by the process alone, to its end', async () => {
  const narrower = HOOKED.replace('{ type: string }', '{ type: string, max: 100 }')
  await migrate(fleet.home, narrower, { functions: functions().functions })
  const standing = async () => {
    const [delivery] = await listDeliveries(fleet.home, 'shop', 2)
    return delivery && `${delivery.state}: ${delivery.stores.map(({ store, state }) => `${store} ${state}`).join(', ')}`
  }
  await expect.poll(standing, SOON).toBe('live: eu-1 live')
  const [lead] = await migrationStatus(fleet.home, { schema: 'shop' })
  await runMigration(fleet.home, String(lead?.id), { until: 'done', now: true })
  await expect.poll(standing, SOON).toBe('done: eu-1 done')
}, 120_000)

test('asked to stop, both end at once, whatever they still wait for', async () => {
  expect(await server.stop()).toMatchObject({ code: 0 })
  expect(await migrator.stop()).toMatchObject({ code: 0 })
})

test('names that cannot be read are refused at the start', async () => {
  const given = { ...variables, BACKSAAS_DATABASES: 'eu=postgres://u:hidden@h us=x' }
  for (const command of ['serve', 'migrator']) {
    const { code, stderr, stdout } = await runCli([command], given)
    expect([code, stderr]).toEqual([1, expect.stringContaining('BACKSAAS_DATABASES')])
    expect(stdout + stderr).not.toContain('hidden')
  }
  const unnamed = await runCli(['serve'], { ...variables, BACKSAAS_DATABASES: 'eu=postgres://u:hidden@h' })
  expect([unnamed.code, unnamed.stderr]).toEqual([
    1,
    expect.stringContaining('eu in BACKSAAS_DATABASES: the database URL names no database'),
  ])
})
