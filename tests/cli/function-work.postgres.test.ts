/** `backsaas function work` over several databases: the work of hooks is done where it was queued, one that is away holds up no other. */
import { fileURLToPath } from 'node:url'
import { readSecretKeys } from '@backsaas/core'
import { createStore, migrate, writeSecret } from '@backsaas/migrator'
import { functions as curated } from '@backsaas/plugins/functions'
import { policies } from '@backsaas/plugins/policies'
import type { Runtime } from '@backsaas/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../packages/adapters/test/tcp-proxy.ts'
import { openShop, type Shop, serveFleet } from '../stores/serve-fleet.ts'
import { startFleet, type TestFleet } from '../stores/start-fleet.ts'
import { functions } from './greet-functions.ts'
import { makeFolder, type Started, startCli } from './start-process.ts'

const MODULE = fileURLToPath(new URL('greet-functions.ts', import.meta.url))
const SECRET_KEYS = Buffer.alloc(32, 7).toString('base64')
const EXECUTIONS = 'backsaas_00000000000070008000000000000003.function_executions'
const PLATFORM = { 'content-profile': 'platform', 'accept-profile': 'platform' }
const SOON = { timeout: 60_000, interval: 50 } as const
const SCHEMA = `schema: shop
entities:
  customers:
    fields: { email: { type: string, required: true } }
    hooks: { after_create: [{ use: test.keep }, { use: test.greet }] }
  greetings:
    fields: { text: { type: string, required: true } }
`

const folder = makeFolder()
let platform: TestFleet
let runtime: Runtime
let way: TcpProxy
let shops: Readonly<Record<'home' | 'eu', Shop>>
let worker: Started

beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  const plugin = curated(functions)
  await migrate(platform.home, SCHEMA, { functions: plugin.functions })
  runtime = await serveFleet(platform, { plugins: [policies(), plugin] })
  shops = { home: await openShop(platform, runtime, 'anna'), eu: await openShop(platform, runtime, 'carl', 'eu-1') }
  const keys = await readSecretKeys(SECRET_KEYS)
  if (!keys) throw new Error('there is a key')
  for (const { slug, post } of Object.values(shops)) {
    await writeSecret(platform.home, { tenant: slug, name: 'sign', value: slug.toUpperCase() }, keys)
    await post('/function_settings', { function: 'test.greet', settings: { word: 'Hello' } }, PLATFORM)
  }
  way = await startTcpProxy(platform.urls.eu)
  way.refuse(true)
  worker = startCli(['function', 'work', '--functions', MODULE], {
    DATABASE_URL: platform.urls.home,
    BACKSAAS_DATABASES: `eu=${way.url} us=postgres://u:hidden@127.0.0.1:1/none`,
    BACKSAAS_SECRET_KEYS: SECRET_KEYS,
  })
}, 120_000)
afterAll(async () => {
  folder.remove()
  await runtime?.close()
  await way?.close()
  await platform?.close()
})

/** The work that stands in a database, and what came of it. */
function work(where: 'home' | 'eu'): Promise<readonly (readonly (string | null)[])[]> {
  return platform.query(platform[where], `select function, status, result::text from ${EXECUTIONS} order by 1`)
}
const done = (slug: string) => [
  ['test.greet', 'done', `{"text": "Hello ${slug}"}`],
  ['test.keep', 'done', null],
]
const greetings = async (shop: Shop): Promise<unknown> => (await shop.get('/greetings?select=text')).body

test('what is queued at home is done while others are away, which are named', async () => {
  for (const shop of Object.values(shops)) await shop.add('customers', [{ email: `${shop.slug}@shop.test` }])
  await expect.poll(() => work('home'), SOON).toEqual(done('ANNA'))
  expect(await greetings(shops.home)).toEqual([{ text: 'for anna@shop.test' }])
  expect((await work('eu')).map(([, status]) => status)).toEqual(['queued', 'queued'])
  await vi.waitUntil(() => ['eu', 'us'].every((name) => worker.stderr().includes(`database ${name}: `)), SOON)
})

test('one that comes back is worked in, where its rows are, with what the registry has of its tenants', async () => {
  way.refuse(false)
  await expect.poll(() => work('eu'), SOON).toEqual(done('CARL'))
  expect(await greetings(shops.eu)).toEqual([{ text: 'for carl@shop.test' }])
  expect(await work('home')).toHaveLength(2)
})

test('asked to stop it ends at once, though one has never come; nothing tells a password', async () => {
  const startedAt = Date.now()
  const { code, stdout, stderr } = await worker.stop()
  expect(code).toBe(0)
  expect(Date.now() - startedAt).toBeLessThan(10_000)
  expect(stdout + stderr).not.toContain('hidden')
  await shops.eu.add('customers', [{ email: 'late@shop.test' }])
  expect((await work('eu')).filter(([, status]) => status === 'queued')).toHaveLength(2)
})
