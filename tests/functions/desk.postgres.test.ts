/** What functions are lent: the tenant's rows and registry, counters, events, letters, the network, settings of a tenant's own. */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openSecret, readSecretKeys } from '@backsaas/core'
import { type Executor, safeHttp, startExecutor, writeSecret } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { signatureOf } from '@backsaas/plugins/functions/security/sign'
import { smtp } from '@backsaas/plugins/functions/smtp'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { deskFunctions } from './desk-functions.ts'
import { type SmtpServer, startSmtpServer } from './smtp-server.ts'
import { until } from './until.ts'
import { withRoles } from './with-roles.ts'

const PLATFORM = { 'accept-profile': 'platform', 'content-profile': 'platform' }
let fixture: Fixture
let executor: Executor
let receiver: Server
let mail: SmtpServer
let base: string
let acme: Caller
let clerk: Caller
const received: { readonly url: string; readonly headers: IncomingMessage['headers']; readonly body: string }[] = []
/** A status of 0 is no answer at all. */
interface Answered {
  readonly status: number
  readonly location?: string
  readonly endless?: boolean
}
let answer: (url: string) => Answered = () => ({ status: 200 })

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ url: request.url ?? '', headers: request.headers, body })
    const { status, location, endless } = answer(request.url ?? '')
    if (status === 0) return
    response.writeHead(status, location === undefined ? {} : { location })
    if (!endless) return void response.end('{}')
    const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more))
    more()
  })
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  mail = await startSmtpServer()
  const keys = await readSecretKeys(Buffer.alloc(32, 5).toString('base64'))
  const http = safeHttp({ allow: ['127.0.0.1', '127.0.0.2'] })
  const sendMail = smtp(mail.url, { senders: ['@acme.test'], timeoutMs: 2_000 })
  const own = deskFunctions(['127.0.0.1'])
  const text = await readFile(new URL('desk.yaml', import.meta.url), 'utf8')
  fixture = await startFixture({
    database: 'postgres',
    schemas: [text.replaceAll('http://127.0.0.1:1', base)],
    functions: own,
    runtime: {
      plugins: [policies()],
      outside: {
        http,
        mail: sendMail,
        openSecret: (sealed, place) => openSecret(keys, sealed, place),
      },
    },
  })
  acme = fixture.tenants.acme
  clerk = await withRoles(fixture, ['clerk'], 'acme')
  for (const tenant of ['acme', 'globex'])
    for (const [name, value] of [
      ['signing', 'a signing secret'],
      ['hooks', Buffer.alloc(32, 1).toString('base64')],
      ['email', 'provider key'],
    ] as const)
      await writeSecret(fixture.database, { tenant, name, value }, keys)
  executor = await startExecutor(fixture.database, {
    functions: functions(own).functions,
    ask: fixture.runtime.ask,
    http,
    mail: sendMail,
    ...(keys && { secrets: keys }),
    idleMs: 50,
    attemptsMax: 3,
    observe: () => undefined,
  })
})

afterAll(async () => {
  await executor?.close()
  await fixture?.close()
  mail?.close()
  receiver?.closeAllConnections()
  receiver?.close()
})

const registry = async (query: string, who: Caller = acme) => (await who.get(query, PLATFORM)).rows
const executionsOf = (name: string) =>
  registry(`/function_executions?function=eq.${name}&select=status,error,attempt,result&order=created_at`)

test('numbers are counted in each tenant by itself, none twice, for many at once', async () => {
  const writes = [...Array(8).keys()].map((i) => acme.add('numbers', Array(i + 1).fill({ note: `${i}` })))
  const rows = (await Promise.all(writes)).flat()
  expect(rows.map(({ n }) => Number(n)).toSorted((a, b) => a - b)).toEqual([...Array(36).keys()].map((i) => i + 1))
  expect(await fixture.tenants.globex.add('numbers', [{ n: 99 }])).toMatchObject([{ n: 1 }])
  const many = await acme.add('numbers', Array(1_000).fill({}))
  expect(many.map(({ n }) => n)).toEqual([...Array(1_000).keys()].map((i) => i + 37))
})

test('a value is unique across entities, whoever sees them, and a row is not in its own way', async () => {
  await acme.add('people', [{ email: 'ann@x.test', name: 'Ann' }])
  const taken = await clerk.post('/tickets', { email: 'ann@x.test', name: 'Ann' })
  expect(taken).toMatchObject({ status: 422, row: { errors: [{ pointer: '/email', code: 'unique_across' }] } })
  const twice = await acme.post('/tickets', [
    { email: 'bea@x.test', name: 'Bea' },
    { email: 'bea@x.test', name: 'Bea' },
  ])
  expect(twice).toMatchObject({ status: 422, row: { errors: [{ pointer: '/1/email', code: 'unique_across' }] } })
  const [made] = await acme.add('tickets', [{ email: 'cid@x.test', name: 'Cid', number: 'own', signature: 'own' }])
  expect(made?.number).toMatch(/^T-\d{4}$/)
  expect(made?.signature).toBe(signatureOf('a signing secret', [made?.number, 'Cid']))
  expect((await clerk.patch(`/tickets?id=eq.${made?.id}`, { email: 'cid@x.test' })).status).toBe(204)
  expect((await clerk.patch(`/tickets?id=eq.${made?.id}`, { email: 'ann@x.test' })).status).toBe(422)
  expect((await fixture.tenants.globex.post('/tickets', { email: 'ann@x.test', name: 'Ann' })).status).toBe(201)
})

test('an act is in the audit log, once, and people are told what only they read', async () => {
  const hana = await withIdentity('hana')
  await clerk.post('/tickets', { email: 'dan@x.test', name: '<Dan>', handler: 'hana' })
  const [told] = await until(async () => {
    const found = await hana('/notifications?select=title,body,kind,about,read_at')
    return found.length > 0 && found
  })
  expect(told).toMatchObject({
    kind: 'tickets.create',
    title: expect.stringMatching(/^T-\d{4} of <Dan>$/),
    read_at: null,
  })
  expect(await (await withIdentity('ivo'))('/notifications')).toEqual([])
  const notes = await until(async () => {
    const found = await registry('/audit_log?entity=eq.audit_notes&select=change&order=position')
    return found.length > 0 && found
  })
  expect(notes.at(-1)?.change).toMatchObject({ action: [null, 'ticket opened'], entity: [null, 'tickets'] })
  const events = await registry('/events?type=eq.notification.created&select=data,subject')
  expect(events).toMatchObject([{ data: { user_id: 'hana' } }])
})

/** Reads of the registry as a signed-in person. */
async function withIdentity(id: string) {
  return async (path: string): Promise<readonly Record<string, unknown>[]> => {
    const request = new Request(`http://localhost/rest/v1${path}`, { headers: { 'accept-profile': 'platform' } })
    const response = await fixture.runtime.ask({ tenant: 'acme', id, roles: ['member'] }, request)
    return (await response.json()) as Record<string, unknown>[]
  }
}

test('what a hook publishes leaves with the write, at its time, and not without it', async () => {
  const url = `${base}/ok`
  expect((await acme.post('/asked', { url, answer: 'refused' })).status).toBe(422)
  await acme.post('/asked', { url, answer: 'undone' }, { prefer: 'tx=rollback' })
  expect(await registry('/events?type=like.desk.*')).toEqual([])
  expect((await acme.post('/asked', { url, answer: 'yes' })).status).toBe(201)
  const [now] = await registry('/events?type=eq.desk.asked&select=data,subject,source')
  expect(now).toEqual({ data: { url }, subject: 'asked/now', source: '/schemas/desk' })
  await until(async () => (await registry('/events?type=eq.desk.reminded&subject=eq.asked/later')).length === 1)
})

test('a hook before a write reaches the hosts that it names, with its secret, and no others', async () => {
  received.length = 0
  answer = (url) => (url === '/away' ? { status: 307, location: 'http://127.0.0.2:1/' } : { status: 200 })
  const ask = (url: string) => acme.post('/asked', { url, answer: 'quiet' })
  expect((await ask(`${base}/ok`)).status).toBe(201)
  expect(received[0]?.headers['x-secret']).toBe('a signing secret')
  for (const url of [base.replace('127.0.0.1', '127.0.0.2'), `${base}/away`, 'http://169.254.169.254/', 'file:///etc'])
    expect(await ask(url)).toMatchObject({ status: 422, body: { code: 'HTTP_FORBIDDEN' } })
})

test('slow hooks of one tenant keep no other waiting', async () => {
  let done = 0
  const slow = [...Array(60).keys()].map(async () => {
    await acme.post('/asked', { wait: 1_500, answer: 'quiet' })
    done++
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect((await fixture.tenants.globex.post('/asked', { wait: 1, answer: 'quiet' })).status).toBe(201)
  expect(done).toBe(0)
  await Promise.all(slow)
})

test('a letter is sent over SMTP, tried again by the same id, and says no more than one subject', async () => {
  const [row] = await acme.add('tickets', [{ email: 'eve@x.test', name: 'Eve\r\nBcc: all@x.test <i>' }])
  mail.answers.push('451 later')
  await acme.patch(`/tickets?id=eq.${row?.id}`, { handler: 'hana' })
  const letter = await until(() => mail.letters.find((one) => one.includes('eve@x.test')) ?? false, 20_000)
  expect(letter).toContain('To: eve@x.test')
  expect(letter).toContain('Subject: Hello Eve Bcc: all@x.test')
  // In its text a line may begin with anything; its head ends before that.
  expect(letter.split('\n\n')[0]).not.toMatch(/^Bcc:/m)
  expect(letter).toContain('&lt;i&gt;')
  expect(letter).toMatch(/^Message-ID: <[0-9a-f-]{36}@acme\.test>$/m)
  await until(async () => (await executionsOf('communication.email')).at(-1)?.status === 'done')
})

test('while the SMTP server is down a letter waits, and is sent once it is up, once', { timeout: 60_000 }, async () => {
  const [row] = await acme.add('tickets', [{ email: 'down@x.test', name: 'Down' }])
  const latest = async () => (await executionsOf('communication.email')).at(-1)
  await mail.down()
  await acme.patch(`/tickets?id=eq.${row?.id}`, { handler: 'hana' })
  const tried = await until(async () => {
    const found = await latest()
    return found?.error ? found : false
  }, 20_000)
  expect([tried.status === 'done', tried.status === 'dead']).toEqual([false, false])
  await mail.up()
  await until(() => mail.letters.some((one) => one.includes('down@x.test')), 30_000)
  await until(async () => (await latest())?.status === 'done')
  expect(mail.letters.filter((one) => one.includes('down@x.test')).length).toBe(1)
})

test('what a tenant sets of a function holds from then on, for this tenant alone', async () => {
  received.length = 0
  answer = () => ({ status: 200 })
  const add = async (who: Caller) => {
    await who.add('hooked', [{ name: 'x' }])
    await until(() => received.length > 0)
    return received.splice(0).map(({ url }) => url)
  }
  expect(await add(acme)).toEqual(['/first'])
  const settings = { endpoints: { all: { url: `${base}/second` } } }
  const set = { function: 'communication.webhook', settings }
  expect((await acme.post('/function_settings', set, PLATFORM)).status).toBe(201)
  await until(async () => (await add(acme))[0] === '/second', 15_000)
  expect(await add(fixture.tenants.globex)).toEqual(['/first'])
  const change = (body: object) => acme.patch('/function_settings?function=eq.communication.webhook', body, PLATFORM)
  await change({ settings: { endpoints: { all: { url: 'no url' } } } })
  await until(async () => {
    await acme.add('hooked', [{ name: 'x' }])
    const codes = (await executionsOf('communication.webhook')).map(
      ({ error }) => (error as { code?: string } | null)?.code,
    )
    return codes.includes('FUNCTION_SETTINGS')
  }, 15_000)
  expect((await clerk.get('/function_settings', PLATFORM)).status).toBe(403)
})

test('receivers that hang, that refuse for ever and that never end keep nothing waiting', async () => {
  const { globex } = fixture.tenants
  const set = { function: 'communication.webhook', timeout_ms: 300, attempts: 2 }
  expect((await globex.post('/function_settings', set, PLATFORM)).status).toBe(201)
  const dead = async (): Promise<unknown> => {
    await globex.add('hooked', [{ name: 'x' }])
    const [found] = await until(async () => {
      const left = await registry('/function_executions?status=in.(queued,running)&moment=eq.after_create', globex)
      if (left.length > 0) return false
      const rows = await registry('/function_executions?moment=eq.after_create&order=created_at.desc&limit=1', globex)
      return rows.length > 0 && rows
    }, 20_000)
    return found
  }
  // What the tenant sets holds within seconds.
  await new Promise((resolve) => setTimeout(resolve, 5_500))
  answer = () => ({ status: 500 })
  expect(await dead()).toMatchObject({ status: 'dead', attempt: 2, error: { code: 'WEBHOOK_REFUSED' } })
  answer = () => ({ status: 0 })
  expect(await dead()).toMatchObject({ status: 'dead', error: { code: 'FUNCTION_TIMEOUT' } })
  answer = () => ({ status: 200, endless: true })
  expect(await dead()).toMatchObject({ status: 'done', attempt: 1 })
  answer = () => ({ status: 307, location: 'http://169.254.169.254/latest/meta-data' })
  expect(await dead()).toMatchObject({ status: 'dead', attempt: 1, error: { code: 'HTTP_FORBIDDEN' } })
})

test('letters go by a provider where the tenant says so, and are dead where it refuses them', async () => {
  received.length = 0
  mail.letters.length = 0
  const settings = { provider: 'resend', url: `${base}/emails`, from: 'globex@x.test' }
  const { globex } = fixture.tenants
  await globex.post('/function_settings', { function: 'communication.email', settings }, PLATFORM)
  const [row] = await globex.add('tickets', [{ email: 'fay@x.test', name: 'Fay' }])
  let attempts = 0
  answer = () => ({ status: [500, 200][attempts++] ?? 422 })
  await globex.patch(`/tickets?id=eq.${row?.id}`, { handler: 'x' })
  await until(() => received.length === 2, 20_000)
  const [first, second] = received
  expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key'])
  expect(first?.headers.authorization).toBe('Bearer provider key')
  expect(JSON.parse(first?.body ?? '')).toMatchObject({
    from: 'globex@x.test',
    to: ['fay@x.test'],
    subject: 'Hello Fay',
  })
  await globex.patch(`/tickets?id=eq.${row?.id}`, { handler: 'y' })
  await until(
    async () =>
      (await registry('/function_executions?status=eq.dead&function=eq.communication.email', globex)).length === 1,
  )
  expect(mail.letters).toEqual([])
})

test('cases of functions are run, those that are given and those that are kept', async () => {
  const trim = { use: 'transform.trim', input: ' a ', expect: 'a' }
  const row = { name: 'luhn', case: { use: 'validation.luhn', input: '4111111111111112', passes: true } }
  expect((await acme.post('/function_tests', row, PLATFORM)).status).toBe(201)
  const given = await acme.post('/rpc/functions.test', {
    cases: [trim, { ...trim, expect: 'b' }, { use: 'x.y', input: 1, passes: true }],
  })
  expect(given.body).toMatchObject({ passed: 1, failed: 2 })
  expect((await acme.post('/rpc/functions.test', {})).body).toMatchObject({
    failed: 1,
    results: [{ name: 'luhn', reason: 'expected nothing to be wrong, got a refusal luhn' }],
  })
  expect((await clerk.post('/rpc/functions.test', {})).status).toBe(403)
})
