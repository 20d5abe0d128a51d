/** Hooks of tenants in another database: their work is done where it was queued, with what the tenant has set in the registry. */
import {
  BackSaasError,
  defineFunction,
  type FunctionContext,
  type FunctionRow,
  readSecretKeys,
  type SecretKeys,
} from '@backsaas/core'
import {
  createStore,
  type Executor,
  intoOutbox,
  migrate,
  type Relay,
  replayExecutions,
  startExecutor,
  startRelay,
  writeSecret,
} from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { policies } from '@backsaas/plugins/policies'
import type { Runtime } from '@backsaas/runtime'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openShop, type Shop, serveFleet } from './serve-fleet.ts'
import { startFleet, type TestFleet } from './start-fleet.ts'

const EXECUTIONS = 'backsaas_00000000000070008000000000000003.function_executions'
const PLATFORM = { 'content-profile': 'platform', 'accept-profile': 'platform' }
const SOON = { timeout: 15_000, interval: 25 } as const
const QUIET = () => undefined
const SCHEMA = `schema: shop
entities:
  customers:
    fields:
      number: { type: integer }
      email: { type: string, required: true, unique: true }
    hooks:
      before_create: [{ use: transform.sequence, on: number, with: { counter: customers } }]
      before_update: [{ use: test.unlike }]
      after_create: [{ use: test.greet }]
  greetings:
    fields: { text: { type: string, required: true }, nth: { type: integer } }
`

const greet = defineFunction({
  name: 'test.greet',
  kind: 'hook',
  needs: 'network',
  description: 'Greets whoever comes, by all that a hook after a write may use.',
  moments: ['after_create'],
  params: v.strictObject({}),
  settings: v.strictObject({ word: v.optional(v.string()) }),
  async run(context, row) {
    greeted.push({ row, context })
    if (row.email === 'bad@shop.test' && isBroken) throw new BackSaasError('NO_WAY', 422, 'never')
    const { word = 'unset' } = context.settings as { word?: string }
    return { text: `${word} ${await context.secret('sign')}` }
  },
})
const keep = defineFunction({
  name: 'test.keep',
  kind: 'hook',
  needs: 'writes',
  description: 'Writes a row, takes a number and publishes an event.',
  moments: ['after_create'],
  params: v.strictObject({}),
  async run({ data, next, events }, row) {
    await data.create('greetings', { text: String(row.email), nth: await next('customers') })
    events.publish('shop.greeted', { email: row.email ?? null })
    return undefined
  },
})
const unlike = defineFunction({
  name: 'test.unlike',
  kind: 'hook',
  needs: 'pure',
  description: 'Refuses the email that there was.',
  moments: ['before_update'],
  old: true,
  params: v.strictObject({}),
  run({ old }, row) {
    if (old?.email !== row.email) return undefined
    throw new BackSaasError('FUNCTION_REFUSED', 422, 'the same', {
      errors: [{ pointer: '/email', code: 'same', detail: 'is the same' }],
    })
  },
})

const greeted: { readonly row: FunctionRow; readonly context: FunctionContext }[] = []
let isBroken = true
let platform: TestFleet
let runtime: Runtime
let keys: SecretKeys | undefined
let carl: Shop
const working: (Executor | Relay)[] = []

beforeAll(async () => {
  platform = await startFleet()
  await createStore(platform.fleet, { name: 'eu-1', database: 'eu' })
  const plugin = functions([greet, keep, unlike])
  const text = SCHEMA.replace('{ use: test.greet }', '{ use: test.greet }, { use: test.keep }')
  await migrate(platform.home, text, { functions: plugin.functions })
  runtime = await serveFleet(platform, { plugins: [policies(), plugin] })
  carl = await openShop(platform, runtime, 'carl', 'eu-1')
  keys = await readSecretKeys(Buffer.alloc(32, 7).toString('base64'))
  await writeSecret(platform.home, { tenant: 'carl', name: 'sign', value: 'Carl' }, keys)
  await carl.post('/function_settings', { function: 'test.greet', settings: { word: 'Hello' } }, PLATFORM)
  const shared = {
    functions: plugin.functions,
    ask: runtime.ask,
    idleMs: 50,
    observe: QUIET,
    ...(keys && { secrets: keys }),
  }
  working.push(
    await startExecutor(platform.home, shared),
    await startExecutor(platform.eu, { ...shared, registry: platform.home }),
    await startRelay(platform.home, runtime.bus, { intervalMs: 50, observe: QUIET }),
    await startRelay(platform.eu, intoOutbox(platform.home), { intervalMs: 50, observe: QUIET }),
  )
}, 120_000)
afterAll(async () => {
  await Promise.all(working.map((one) => one.close()))
  await runtime?.close()
  await platform?.close()
})

async function ended(status: string): Promise<readonly (string | null)[][]> {
  const rows = await platform.query(
    platform.eu,
    `select function, result::text from ${EXECUTIONS} where status = '${status}' order by 1`,
  )
  return rows.map((row) => [...row])
}

test('before and after a write: numbers, settings, secrets, rows and events', async () => {
  const [row] = await carl.add('customers', [{ email: 'a@shop.test' }])
  expect(row?.number).toBe(1)
  await expect
    .poll(() => ended('done'), SOON)
    .toEqual([
      ['test.greet', '{"text": "Hello Carl"}'],
      ['test.keep', null],
    ])
  // The counter is one, before a write and after it.
  expect((await carl.get('/greetings?select=text,nth')).body).toEqual([{ text: 'a@shop.test', nth: 2 }])
  const events = async () => (await carl.get('/events?type=eq.shop.greeted&select=data,position', PLATFORM)).body
  await expect.poll(events, SOON).toEqual([{ data: { email: 'a@shop.test' }, position: expect.any(Number) }])
  expect(greeted).toHaveLength(1)
  expect(await platform.query(platform.home, `select 1 from ${EXECUTIONS}`)).toEqual([])
})

test('a hook sees the row as it was', async () => {
  const same = await carl.patch('/customers?email=eq.a@shop.test', { email: 'a@shop.test' })
  expect([same.status, same.row.code]).toEqual([422, 'FUNCTION_REFUSED'])
  expect((await carl.patch('/customers?email=eq.a@shop.test', { email: 'b@shop.test' })).status).toBe(204)
})

test('what is dead is replayed where it is', async () => {
  await carl.add('customers', [{ email: 'bad@shop.test' }])
  await expect.poll(() => ended('dead'), SOON).toEqual([['test.greet', null]])
  isBroken = false
  expect(await replayExecutions(platform.home, { tenant: 'carl' })).toBe(0)
  await expect(replayExecutions(platform.eu, { tenant: 'carl' })).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
  expect(await replayExecutions(platform.eu, { tenant: 'carl', registry: platform.home })).toBe(1)
  await expect.poll(() => ended('dead'), SOON).toEqual([])
})

test('without the registry it is not worked on', async () => {
  await expect(startExecutor(platform.eu, { functions: [], ask: runtime.ask })).rejects.toMatchObject({
    code: 'HOME_NEEDED',
  })
})
