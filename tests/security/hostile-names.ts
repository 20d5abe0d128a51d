/** Names with quotes, control characters and prototypes, and objects where scalars belong: a quick 4xx, no SQL sent. */
import type { Statement } from '@backsaas/core'
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import type { Watched } from './watched.ts'

const NAMES = [
  '"',
  "'",
  '"; drop table companies; --',
  'name"."x',
  'name.x',
  'public.companies',
  'pg_class',
  'na\u0000me',
  'na\u2028me',
  'na\u202Eme',
  '\uD83E\uDD84',
  'name\n',
  '*',
  '$1',
  '{0}',
  '%27',
  'n'.repeat(4000),
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'NAME',
  'tenant_id',
  'xmin',
  'ctid',
  'tableoid',
]

const REFUSED_WITHIN_MS = 50

/** Whether the schema has moved on, which an unknown name lets the runtime ask its registry: it says nothing of the name. */
function asksForInstalls({ text, params }: Statement): boolean {
  return text.includes('"installs"') && !params.some((value) => value !== null && NAMES.includes(value))
}

export function hostileNames(lend: Watched): void {
  let caller: Caller
  beforeAll(async () => {
    caller = await lend().newTenant()
    await caller.get('/companies')
  })
  /** Sends a request that must fail before any SQL and in no time. */
  const refused = async (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<void> => {
    const sent = lend().statements.length
    const send = async (): Promise<readonly [Answer, number]> => {
      const started = performance.now()
      const answer = await caller.send(method, path, body, headers)
      return [answer, performance.now() - started]
    }
    let [answer, took] = await send()
    // The fastest of several counts: a busy machine must not fail the test.
    for (let again = 0; again < 4 && took >= REFUSED_WITHIN_MS; again++) [answer, took] = await send()
    expect(answer.status, `${method} ${path} ${answer.text.slice(0, 300)}`).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(
      lend()
        .statements.slice(sent)
        .filter((statement) => !asksForInstalls(statement)),
    ).toEqual([])
    expect(took).toBeLessThan(REFUSED_WITHIN_MS)
  }

  test.each(NAMES.map((name) => [name]))('as the name of anything: %j', async (name) => {
    const text = encodeURIComponent(name)
    await refused('GET', `/${text}`)
    await refused('GET', `/companies?${text}=eq.1`)
    if (name !== '*') await refused('GET', `/companies?select=${text}`)
    await refused('GET', `/companies?select=x:${name === '*' ? '**' : text}`)
    await refused('GET', `/companies?select=${text}(*)`)
    await refused('GET', `/companies?order=${text}`)
    await refused('GET', `/companies?or=(${text}.eq.1)`)
    await refused('GET', `/companies?name=${text}.x`)
    await refused('GET', `/companies?contacts.${text}=eq.1`)
    await refused('POST', '/companies', { name: 'x', [name]: 1 })
    await refused('PATCH', '/companies?name=eq.x', { [name]: 1 })
  })

  test('prototypes in the JSON text of a body', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      await refused('POST', '/companies', `{"name":"x","${key}":{"polluted":true}}`)
      await refused('POST', '/companies', `[{"name":"x","${key}":{"polluted":true}}]`)
    }
    expect(({} as Record<string, unknown>).polluted).toBe(undefined)
  })

  test('prototypes as a profile', async () => {
    for (const profile of ['__proto__', 'constructor', 'toString']) {
      await refused('GET', '/companies', undefined, { 'accept-profile': profile })
    }
  })

  test('objects and lists where scalars belong', async () => {
    for (const value of [{ a: 1 }, [1], { toString: 'x' }, [[]]]) {
      await refused('POST', '/companies', { name: value })
      await refused('POST', '/contacts', { email: 'a@x.example', first_name: 'A', company_id: value })
      await refused('PATCH', '/companies?name=eq.x', { revenue: value })
    }
  })

  test('a key that comes twice is judged by the value that is stored', async () => {
    await refused('POST', '/companies', '{"name":"right","name":""}')
    await refused('POST', '/companies', '{"name":"right","n\\u0061me":""}')
    const answer = await caller.post('/products?select=name', '{"code":"A","name":"","name":"last"}', {
      prefer: 'return=representation',
    })
    expect([answer.status, answer.body]).toEqual([201, [{ name: 'last' }]])
  })

  test('a JSON key with a quote is data, not SQL', async () => {
    await caller.add('contacts', [{ email: 'j@x.example', first_name: 'J', meta: { "a'b": 1, 'c"d': 2 } }])
    const quote = await caller.get(`/contacts?select=email&meta->>${encodeURIComponent("a'b")}=eq.1`)
    expect(quote.status).toBeLessThan(500)
    if (quote.status === 200) expect(quote.body).toEqual([{ email: 'j@x.example' }])
  })

  test('an alias is a label, whatever it holds', async () => {
    const answer = await caller.get(`/companies?select=${encodeURIComponent('"x\'y"')}:name&limit=1`)
    expect(answer.status).toBeLessThan(500)
  })

  test('nothing of all this was written', async () => {
    expect((await caller.get('/companies')).body).toEqual([])
  })
}
