/** The gateway before the whole product: what a page, a proxy, a guesser and a noisy tenant meet. */
import { readFileSync } from 'node:fs'
import { auth } from '@backsaas/plugins/auth'
import { gateway } from '@backsaas/plugins/gateway'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, readAnswer } from '../fixture/answer.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AUDIENCE, createSignIn, type SignIn } from '../identity/sign-in.ts'
import { randomHeaders } from './random-headers.ts'

const PLATFORM = { 'content-profile': 'platform', prefer: 'return=representation' }

let signIn: SignIn
let fixture: Fixture

beforeAll(async () => {
  signIn = await createSignIn()
  const issuers = [{ issuer: signIn.issuer, audience: AUDIENCE, jwks: signIn.jwks } as const]
  const limits = { plans: { tiny: { tenant: { points: 3, seconds: 600 } } } }
  const schema = readFileSync(new URL('../identity/desk.yaml', import.meta.url), 'utf8')
  const plugins = [policies(), auth({ issuers }), gateway({ limits, cors: { origins: ['https://studio.test'] } })]
  fixture = await startFixture({ database: 'postgres', schemas: [schema], runtime: { plugins } })
  const { acme } = fixture.tenants
  expect((await acme.post('/settings', { origins: ['https://app.acme.test'] }, PLATFORM)).status).toBe(201)
})
afterAll(() => fixture?.close())

const ask = async (path: string, init?: RequestInit): Promise<Answer> => readAnswer(await fixture.fetch(path, init))

describe('pages', () => {
  const preflight = (origin: string, path = '/t/acme/rest/v1/articles'): Promise<Answer> =>
    ask(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })

  test('of the tenant’s origins may call it, and can read its errors too', async () => {
    const answer = await preflight('https://app.acme.test')
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.acme.test')
    const refused = await ask('/t/acme/rest/v1/articles', { headers: { origin: 'https://app.acme.test' } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, 'https://app.acme.test'])
    expect(refused.headers.get('vary')).toContain('origin')
    const { key } = fixture.tenants.acme
    const read = await ask('/rest/v1/articles', { headers: { origin: 'https://app.acme.test', apikey: key } })
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.acme.test'])
  })

  test('of others may not, whichever tenant they ask', async () => {
    for (const [origin, path] of [
      ['https://app.acme.test', '/t/globex/rest/v1/articles'],
      ['https://app.acme.test.evil.test', '/t/acme/rest/v1/articles'],
      ['null', '/t/acme/rest/v1/articles'],
    ] as const) {
      expect((await preflight(origin, path)).headers.has('access-control-allow-origin')).toBe(false)
      const { key } = path.includes('globex') ? fixture.tenants.globex : fixture.tenants.acme
      const headers = { origin, apikey: key, 'content-type': 'application/json' }
      const written = await ask(path, { method: 'POST', headers, body: '{"name":"x"}' })
      expect(written.status).toBe(403)
    }
  })
})

test('a plan’s limit is told in headers, and then 429 with when to come again', async () => {
  const tiny = await fixture.newTenant('tiny')
  await fixture.ownerQuery(`update ${await tenantsTable()} set plan = 'tiny' where slug = 'tiny'`)
  const answers: Answer[] = []
  for (let i = 0; i < 4; i++) answers.push(await tiny.get('/articles'))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
  expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"tenant";q=3;w=600')
  expect(answers[3]?.headers.get('ratelimit')).toMatch(/^"tenant";r=0;t=\d+$/)
  expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(JSON.parse(answers[3]?.text ?? '')).toMatchObject({ code: 'RATE_LIMITED' })
  expect((await fixture.tenants.acme.get('/articles')).status).toBe(200)
})

test('health is asked past the gateway, by both of its names', async () => {
  for (const path of ['/healthz', '/readyz']) expect((await ask(path)).status).toBe(200)
})

test('a hundred thousand malformed headers are refused, and nothing breaks', { timeout: 180_000 }, async () => {
  const { key } = fixture.tenants.acme
  const token = await signIn.token('ada')
  const statuses = new Map<number, number>()
  const next = randomHeaders(20260901, { key, token, tenantId: fixture.tenants.acme.id })
  for (let i = 0; i < 100_000; i++) {
    const headers = next()
    const response = await fixture.runtime.fetch(new Request('http://localhost/rest/v1/articles?limit=1', { headers }))
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    if (response.status >= 500)
      throw new Error(`${response.status} for ${JSON.stringify(headers)}: ${await response.text()}`)
  }
  console.log(`malformed headers: ${JSON.stringify([...statuses].sort())}`)
  expect([...statuses.keys()].every((status) => [200, 400, 401, 403, 404, 406].includes(status))).toBe(true)
  expect(statuses.get(401)).toBeGreaterThan(50_000)
})

async function tenantsTable(): Promise<string> {
  const [row] = await fixture.ownerQuery(
    `select mapping from backsaas.versions where compiled like '%"audit_log"%' order by version desc limit 1`,
  )
  const { schema, entities } = JSON.parse(row?.[0] ?? '{}')
  return `"${schema}"."${entities.tenants.table}"`
}
