import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { AUDIENCE, bearer, ISSUER, newKey, registryOf, signed, type TestKey } from '../../test/issuers.ts'
import { auth } from './auth.ts'

let server: Server
let jwks: string
let keys: TestKey[]
let asked = 0
type Answer = (end: (status: number, body: string, headers?: Record<string, string>) => void) => void
let answer: Answer | null = null

beforeAll(async () => {
  keys = [await newKey('k1'), await newKey('k2')]
  server = createServer((_request, response) => {
    asked += 1
    const end = (status: number, body: string, headers: Record<string, string> = {}) =>
      response.writeHead(status, headers).end(body)
    if (answer) answer(end)
    else end(200, JSON.stringify({ keys: keys.slice(0, 1).map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
})
afterAll(() => server.close())
beforeEach(() => {
  asked = 0
  answer = null
})

function identifying(): (token: string) => Promise<unknown> {
  const { identify } =
    auth({ insecureLocalhost: true, issuers: [{ issuer: ISSUER, audience: AUDIENCE, jwks }] }).stages ?? {}
  return async (token) => await identify?.(bearer(token), registryOf().context)
}

test('keys are fetched once for many tokens at a time', async () => {
  const ask = identifying()
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => signed(keys[0] as TestKey, { sub: `u${i}` })))
  await Promise.all(tokens.map(ask))
  expect(asked).toBe(1)
})

test('a new key is fetched when a token names it, and made-up ones do not ask again and again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const ask = identifying()
    const [first, second] = keys as [TestKey, TestKey]
    await ask(await signed(first))
    for (let i = 0; i < 10; i++)
      await expect(ask(await signed(second, { sub: `u${i}` }, { kid: `made-up-${i}` }))).rejects.toMatchObject({
        status: 401,
      })
    expect(asked).toBe(1)
    vi.advanceTimersByTime(31_000)
    answer = (end) => end(200, JSON.stringify({ keys: [second.jwk] }))
    expect(await ask(await signed(second))).toMatchObject({ id: 'ada' })
    expect(asked).toBe(2)
    await expect(ask(await signed(first, { sub: 'late' }))).rejects.toMatchObject({ code: 'PGRST301' })
  } finally {
    vi.useRealTimers()
  }
})

test.each<[string, Answer]>([
  ['answers 500', (end) => end(500, 'down')],
  ['answers no JSON', (end) => end(200, '<html>')],
  ['answers no keys', (end) => end(200, '{"keys":{}}')],
  ['leads elsewhere', (end) => end(302, '', { location: jwks })],
  ['answers without end', (end) => end(200, JSON.stringify({ keys: [], pad: 'x'.repeat(300_000) }))],
])('an issuer that %s is 503, and left alone for a while', async (_name, given) => {
  answer = given
  const ask = identifying()
  const token = await signed(keys[0] as TestKey)
  for (let i = 0; i < 5; i++)
    await expect(ask(token)).rejects.toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
      status: 503,
      headers: { 'retry-after': '5' },
    })
  expect(asked).toBe(1)
})

test('an issuer that goes down does not sign anybody out', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const ask = identifying()
    await ask(await signed(keys[0] as TestKey))
    vi.advanceTimersByTime(601_000)
    answer = (end) => end(500, 'down')
    expect(await ask(await signed(keys[0] as TestKey, { sub: 'eve' }))).toMatchObject({ id: 'eve' })
    expect(asked).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})
