/** Hooks after a write: queued by the write's own statement, done by a worker, at least once. */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readSecretKeys, type SecretKeys } from '@backsaas/core'
import { type Executor, replayExecutions, safeHttp, startExecutor, writeSecret } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { type Called, recording } from './after-functions.ts'
import { until } from './until.ts'

const SECRET = `whsec_${Buffer.from('a secret of twenty-four.').toString('base64')}`
const calls: Called[] = []
const received: { readonly headers: Record<string, string>; readonly body: string }[] = []
let answers: (attempt: number) => { status: number; location?: string; body?: string } | null = () => ({ status: 204 })
let fixture: Fixture
let executor: Executor
let receiver: Server
let caller: Caller
let keys: SecretKeys | undefined

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: request.headers as Record<string, string>, body })
    const answer = answers(received.length)
    if (!answer) return
    response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location })
    response.end(answer.body)
  })
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  const { port } = receiver.address() as AddressInfo // it listens on a port
  const text = await readFile(new URL('mail.yaml', import.meta.url), 'utf8')
  const own = recording(calls)
  const schemas = [text.replaceAll(':1/', `:${port}/`)]
  fixture = await startFixture({ database: 'postgres', schemas, functions: own })
  keys = await readSecretKeys(Buffer.alloc(32, 7).toString('base64'))
  caller = fixture.tenants.acme
  await writeSecret(fixture.database, { tenant: 'acme', name: 'leads', value: SECRET }, keys)
  executor = await startExecutor(fixture.database, {
    functions: functions(own).functions,
    ask: fixture.runtime.ask,
    http: safeHttp({ allow: ['127.0.0.1'] }),
    ...(keys && { secrets: keys }),
    idleMs: 50,
    attemptsMax: 3,
    observe: () => undefined,
  })
})

afterAll(async () => {
  await executor?.close()
  await fixture?.close()
  receiver?.closeAllConnections()
  receiver?.close()
})

const executions = async (filter: string) => (await caller.get(`/function_executions?${filter}`, PLATFORM)).rows
const PLATFORM = { 'accept-profile': 'platform' }
const named = (as: string, email: unknown) => calls.filter((call) => call.as === as && call.row.email === email)

test('a write queues its hooks where their condition holds, and they are called once with the row', async () => {
  const rows = await caller.add('contacts', [
    { email: 'a@x.test', status: 'lead' },
    { email: 'b@x.test', status: 'customer' },
  ])
  await until(() => named('created', 'a@x.test').length === 1)
  const [call] = named('created', 'a@x.test')
  expect(call?.row).toMatchObject({ id: rows[0]?.id, email: 'a@x.test', status: 'lead' })
  expect(call?.context).toMatchObject({
    tenant: { slug: 'acme' },
    user: { kind: 'key', roles: ['admin'] },
    operation: { schema: 'mail', entity: 'contacts', action: 'create', moment: 'after_create' },
    old: null,
  })
  const [kept] = await until(async () => {
    const found = await executions(`status=eq.done&function=eq.test.record&select=*`)
    return found.length > 0 && found
  })
  expect(kept).toMatchObject({ attempt: 1, result: { seen: 'created' }, error: null, due_at: null })
  expect(kept).not.toHaveProperty('row')
  expect(named('created', 'b@x.test')).toEqual([])
})

test('an update tells what it changes, exactly', async () => {
  await caller.add('contacts', [{ email: 'c@x.test', status: 'customer', score: '1.50' }])
  await caller.patch('/contacts?email=eq.c@x.test', { status: 'customer', score: 1.5 })
  await until(() => named('same', 'c@x.test').length === 1)
  await caller.patch('/contacts?email=eq.c@x.test', { status: 'lead' })
  await until(() => named('changed', 'c@x.test').length === 1)
  expect(named('changed', 'c@x.test')[0]?.context.old).toMatchObject({ status: 'customer' })
  await caller.delete('/contacts?email=eq.c@x.test')
  await until(() => named('deleted', 'c@x.test').length === 1)
  expect([named('same', 'c@x.test').length, named('changed', 'c@x.test').length]).toEqual([1, 1])
})

test('two updates that meet see each what the other left', async () => {
  await caller.add('contacts', [{ email: 'd@x.test', status: 'customer' }])
  const flip = (status: string) => caller.patch('/contacts?email=eq.d@x.test', { status })
  await Promise.all([...Array(10).keys()].map(() => flip('lead')))
  await until(() => named('changed', 'd@x.test').length + named('same', 'd@x.test').length >= 10)
  expect([named('changed', 'd@x.test').length, named('same', 'd@x.test').length]).toEqual([1, 9])
})

test('a write that is refused or undone queues nothing', async () => {
  const before = (await executions('select=id')).length
  expect((await caller.post('/contacts', [{ email: 'a@x.test' }])).status).toBe(409)
  await caller.post('/contacts', { email: 'e@x.test' }, { prefer: 'tx=rollback' })
  expect((await executions('select=id')).length).toBe(before)
})

test('what fails is tried again by the same id, what cannot succeed is dead, and is replayed', async () => {
  await caller.add('contacts', [{ email: 'f@x.test', status: 'customer', note: 'bang' }])
  const [dead] = await until(async () => {
    const found = await executions('status=eq.dead&select=id,attempt,error')
    return found.length > 0 && found
  })
  expect(dead).toMatchObject({ attempt: 1, error: { code: 'NO_WAY', message: 'never' } })
  await caller.add('contacts', [{ email: 'g@x.test', status: 'customer', note: 'again' }])
  await until(() => named('again', 'g@x.test').length === 3, 20_000)
  expect(new Set(named('again', 'g@x.test').map(({ context }) => context.id)).size).toBe(1)
  expect(await replayExecutions(fixture.database, { tenant: 'acme', id: String(dead?.id) })).toBe(1)
  await until(() => named('broken', 'f@x.test').length === 2)
  expect(await replayExecutions(fixture.database, { tenant: 'globex' })).toBe(0)
})

test('functions that lead to each other are stopped', async () => {
  await caller.post('/loops', { n: 0 })
  const [dead] = await until(async () => {
    const found = await executions('function=eq.test.loop&status=eq.dead&select=error')
    return found.length > 0 && found
  })
  expect(dead?.error).toMatchObject({ code: 'FUNCTION_DEPTH' })
  expect((await caller.get('/loops?select=n&order=n.desc&limit=1')).rows).toEqual([{ n: 5 }])
})

test('a webhook is signed, sends the fields asked for, and repeats with its id until it is taken', async () => {
  received.length = 0
  answers = (attempt) => ({ status: attempt < 2 ? 500 : 204 })
  const [row] = await caller.add('hooked', [{ name: 'leads', secret_note: 'not sent' }])
  await until(() => received.length === 2, 20_000)
  const verified = received.map(({ headers, body }) => new Webhook(SECRET).verify(body, headers))
  expect(verified[1]).toMatchObject({ type: 'mail.hooked.created', data: { id: row?.id, name: 'leads' } })
  expect(received[0]?.body).not.toContain('not sent')
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(() => new Webhook(SECRET).verify(`${received[0]?.body} `, received[0]?.headers ?? {})).toThrow()
})

test('a receiver inside, or one that redirects inside, is not reached', async () => {
  received.length = 0
  await caller.add('hooked', [{ name: 'inside' }])
  const dead = await until(async () => {
    const found = await executions('function=eq.communication.webhook&status=eq.dead&select=error')
    return found.length > 0 && found
  })
  expect(dead[0]?.error).toMatchObject({ code: 'HTTP_FORBIDDEN' })
  expect(received).toEqual([])
})

test('secrets and rows of executions are read by nobody over HTTP', async () => {
  const secrets = await caller.get('/function_secrets?select=*', PLATFORM)
  expect(secrets.rows).toMatchObject([{ name: 'leads' }])
  expect(secrets.text).not.toContain('sealed')
  expect((await caller.get('/function_secrets?select=sealed', PLATFORM)).status).toBe(400)
  expect((await caller.get('/function_executions?select=row', PLATFORM)).status).toBe(400)
  expect((await fixture.tenants.globex.get('/function_executions', PLATFORM)).rows).toEqual([])
  const [stored] = await fixture.ownerQuery(`select string_agg(t::text, '') from ${await secretsTable()} t`)
  expect(stored?.[0]).not.toContain(SECRET.slice(6))
})

async function secretsTable(): Promise<string> {
  const [row] = await fixture.ownerQuery(
    `select format('%I.%I', mapping::json->>'schema', mapping::json->'entities'->'function_secrets'->>'table') from backsaas.versions v
     join backsaas.placements p on p.id = v.placement_id where p.schema_name = 'platform' order by version desc limit 1`,
  )
  return row?.[0] ?? ''
}
