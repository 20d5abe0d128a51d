/** Two databases in workerd, each over a Hyperdrive binding of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKey, createStore, createTenant, migrate } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../packages/adapters/test/tcp-proxy.ts'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { SHOP } from '../stores/serve-fleet.ts'
import { startFleet, type TestFleet } from '../stores/start-fleet.ts'
import { type StartedWorker, startWorker } from './start-worker.ts'

const WORKER = `
import { env } from 'cloudflare:workers'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime } from '@backsaas/runtime'

const open = (name) => pg(() => env[name].connectionString, { serveAs: 'given' })
const runtime = createRuntime({ database: open('HYPERDRIVE'), databases: { eu: open('EU') } })
// workerd says nothing of these by itself.
const uncaught = []
addEventListener('unhandledrejection', ({ reason }) => void uncaught.push(String(reason)))
export default {
  fetch: (request, env, context) =>
    request.url.endsWith('/uncaught') ? Response.json(uncaught) : runtime.fetch(request, env, context),
}
`
const WRANGLER = {
  ...{ name: 'two-databases', main: 'worker.js', compatibility_date: '2026-09-01' },
  compatibility_flags: ['nodejs_compat'],
  hyperdrive: ['HYPERDRIVE', 'EU'].map((binding, at) => ({ binding, id: String(at).padStart(32, '0') })),
}

/** Beside the packages of the tests, so that theirs are found. */
const folder: string = mkdtempSync(join(fileURLToPath(new URL('../node_modules', import.meta.url)), 'two-databases-'))
let platform: TestFleet
let worker: StartedWorker
let way: TcpProxy
let anna: Caller
let carl: Caller

beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  await migrate(platform.home, SHOP)
  way = await startTcpProxy(await runtimeUrl('eu'))
  process.env.CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_EU = way.url
  writeFileSync(join(folder, 'worker.js'), WORKER)
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(WRANGLER))
  worker = await startWorker({ url: await runtimeUrl('home') }, { config: join(folder, 'wrangler.json') })
  anna = await newTenant('anna')
  carl = await newTenant('carl', 'eu-1')
}, 120_000)
afterAll(async () => {
  await worker?.close()
  await way?.close()
  await platform?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What a Worker is given: the runtime's own login. */
async function runtimeUrl(name: 'home' | 'eu'): Promise<string> {
  const [row] = await platform.query(
    platform[name],
    `select name, password from backsaas.logins where kind = 'runtime'`,
  )
  const url = new URL(platform.urls[name])
  url.username = String(row?.[0])
  url.password = String(row?.[1])
  return url.href
}

async function newTenant(slug: string, store?: string): Promise<Caller> {
  const { id } = await createTenant(platform.fleet, { slug, schemas: ['shop'], ...(store && { store }) })
  const { key } = await createKey(platform.home, { tenant: slug, name: 'tests' })
  return createCaller({ slug, id, key, send: worker.fetch })
}

test('requests of both at once, from the first one on', async () => {
  const work = Array.from({ length: 40 }, async (_, index) => {
    const caller = index % 2 === 0 ? anna : carl
    return (await caller.post('/customers', { email: `e${index}@${caller.slug}.test` })).status
  })
  expect(await Promise.all(work)).toEqual(work.map(() => 201))
  for (const caller of [anna, carl]) {
    const found = await caller.get('/customers?select=email,orders(amount)')
    expect(found.rows).toHaveLength(20)
    expect(found.rows.every(({ email }) => String(email).endsWith(`@${caller.slug}.test`))).toBe(true)
  }
})

test('one that is away is 503 to its tenants alone, and nothing goes uncaught', async () => {
  way.refuse(true)
  way.cut()
  const away = await Promise.all([carl.get('/customers?limit=1'), carl.get('/customers?limit=1')])
  expect(away.map(({ status, row }) => [status, row.code])).toEqual([
    [503, 'DATABASE_UNREACHABLE'],
    [503, 'DATABASE_UNREACHABLE'],
  ])
  expect((await anna.get('/customers?limit=1')).status).toBe(200)
  way.refuse(false)
  expect((await carl.get('/customers?limit=1')).status).toBe(200)
  expect(await (await worker.fetch('/uncaught')).json()).toEqual([])
  expect(worker.logs().filter((line) => /uncaught|hang/i.test(line))).toEqual([])
})
