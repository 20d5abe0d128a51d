/**
 * Lines 1, 2, 4 and 11 of what an attacker tries: what can never be seen answers as what is not there, on every route that can
 * carry its name. (A nested write is nothing that the dialect offers: the name of a relation in a body is that of no field.)
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOn } from './attacks.ts'
import { type Served, serve } from './serve.ts'
import type { Asked } from './steps.ts'
import { ADMIN, AUDITOR, CLERK, fillVault, HIDDEN, TORN, told, VAULT, type Vault } from './vault.ts'

let served: Served
let vaults: Vault

beforeAll(async () => {
  served = await serve()
  vaults = await fillVault(served)
})
afterAll(() => served?.close())

describe('a clerk is answered as if what they may not see were not there', () => {
  test.each(HIDDEN)('%s', async (name) => {
    const { vault, bare } = vaults
    const asked = attacksOn(name)
    expect(asked.length).toBeGreaterThan(150)
    for (const one of asked) {
      const [there, nowhere] = await Promise.all([told(vault, CLERK, one), told(bare, CLERK, one)])
      expect.soft(there, show(one)).toBe(nowhere)
      // What comes after the first line is of the answer, not of what was asked.
      expect(there.split('\n', 1)[0], show(one)).not.toMatch(/^5/)
    }
  })

  test('and the admin, who may, does not: the comparison can fail', async () => {
    const one: Asked = { method: 'GET', path: '/notes?select=secret', headers: {} }
    expect(await told(vaults.vault, ADMIN, one)).not.toBe(await told(vaults.bare, ADMIN, one))
  })
})

test('no refusal suggests a name that its reader may not know', async () => {
  for (const near of [
    'secre',
    'pins',
    'paper',
    'holders',
    'safe_cod',
    'bot',
    'kep',
    'rati',
    'revisio',
    'created_b',
    'saf',
  ]) {
    for (const one of attacksOn(near)) {
      const { text } = await vaults.vault.send(CLERK, one)
      for (const name of HIDDEN)
        expect(text.includes(`"${name}"`) || text.includes(`'${name}'`), `${show(one)} ${text}`).toBe(false)
    }
  }
})

test('no answer names the key of an entity, where the key may not be seen', async () => {
  const paths = ['', '/1', '/1,a', '/1,a,b', '?label=eq.x', '?on_conflict=label', '?order=label'].map(
    (end) => `/seals${end}`,
  )
  const ways = [
    'return=representation',
    'return=headers-only',
    'resolution=merge-duplicates',
    'resolution=ignore-duplicates',
  ]
  const named = new Set<string>()
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'PATCH', 'PUT', 'DELETE']) {
      for (const way of ways) {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: { label: 'x' } }
        const one: Asked = { method, path, headers: { prefer: `${way}, tx=rollback` }, ...body }
        const { status, text, headers } = await vaults.vault.send(CLERK, one)
        expect(status, show(one)).toBeLessThan(500)
        const [tells] = /[^"]*stamp[^"]*/.exec(`${text} ${headers.get('location')}`) ?? []
        if (tells) named.add(`${method} ${path}: ${tells}`)
      }
    }
  }
  expect([...named]).toEqual([])
})

test('a PUT does not tell whether a key is there that may be neither given nor seen, and changes nothing', async () => {
  const rows = [{ motto: 'there', label: 'x' }]
  expect((await vaults.vault.send(ADMIN, { method: 'POST', path: '/crests', headers: {}, body: rows })).status).toBe(
    201,
  )
  const put = (path: string) =>
    vaults.vault.send(CLERK, {
      method: 'PUT',
      path,
      headers: { prefer: 'return=representation' },
      body: { label: 'y' },
    })
  for (const way of ['/crests/', '/crests?motto=eq.']) {
    const [there, nowhere] = [await put(`${way}there`), await put(`${way}nowhere`)]
    for (const { status, body } of [there, nowhere]) {
      expect([status, body]).toMatchObject([404, { code: 'PGRST116' }])
    }
    expect(there.text.replace(/"requestId.*/, '').replace('/there', '')).toBe(
      nowhere.text.replace(/"requestId.*/, '').replace('/nowhere', ''),
    )
  }
  const { body } = await vaults.vault.send(ADMIN, { method: 'GET', path: '/crests?select=motto,label', headers: {} })
  expect(body).toEqual(rows)
})

describe('a deny beside an allow', () => {
  const ask = async (method: string, path: string, body?: unknown): Promise<readonly [number, unknown]> => {
    const headers = { prefer: 'return=representation, tx=rollback' }
    const came = await vaults.vault.send(TORN, { method, path, headers, ...(body === undefined ? {} : { body }) })
    return [came.status, came.body]
  }

  test('hides the field that another role shows', async () => {
    expect(await ask('GET', '/notes?select=number,pin&number=eq.1')).toEqual([200, [{ number: 1, pin: 0 }]])
    expect(await ask('GET', '/notes?select=number,secret')).toMatchObject([400, { code: '42703' }])
    expect(await ask('GET', '/notes?select=number,both')).toMatchObject([400, { code: '42703' }])
    expect(await ask('GET', '/notes?secret=eq.s1')).toMatchObject([400, { code: '42703' }])
    expect(await ask('GET', '/tags?select=label,note(secret)')).toMatchObject([400, { code: '42703' }])
  })

  test('keeps rows from being changed, and is asked of what is hidden too', async () => {
    expect(await ask('PATCH', '/notes?number=eq.1', { pin: 4 })).toEqual([200, []])
  })

  test('forbids an action that another role allows', async () => {
    expect(await ask('DELETE', '/notes?number=eq.1')).toMatchObject([403, { code: '42501' }])
    expect(await ask('DELETE', '/notes/1')).toMatchObject([403, { code: '42501' }])
  })
})

describe('what cannot be worked out of a row that is not seen is no error', () => {
  test.each([
    ['GET', '/notes?select=ratio', undefined],
    ['GET', '/notes?select=number,title::text&ratio=gt.1', undefined],
    ['GET', '/notes?select=number&or=(ratio.gt.1,number.eq.9)', undefined],
    ['GET', '/notes?select=number&not.and=(ratio.lt.1)', undefined],
    ['GET', '/notes?select=number&order=ratio', undefined],
    ['GET', '/notes?select=ratio.max(),count()', undefined],
    ['GET', '/notes?select=ratio,count()', undefined],
    ['GET', '/notes?select=number&ratio=not.is.null&limit=1', undefined],
    ['GET', '/notes/1?select=ratio', undefined],
    ['GET', '/tags?select=label,note(ratio)', undefined],
    ['GET', '/tags?select=label,note!inner(number)&note.ratio=gt.1', undefined],
    ['GET', '/tags?select=label,note(number)&order=note(ratio)', undefined],
    ['PATCH', '/notes?ratio=gt.1', { pin: 3 }],
    ['PATCH', '/notes/1?select=ratio', { pin: 3 }],
    ['DELETE', '/notes?ratio=gt.1', undefined],
    ['DELETE', '/notes?select=ratio&ratio=gt.1', undefined],
  ])('%s %s', async (method, path, body) => {
    const headers = { prefer: 'count=exact, return=representation, tx=rollback' }
    const asked = { method, path, headers, ...(body === undefined ? {} : { body }) }
    const { status, text } = await vaults.vault.send(AUDITOR, asked)
    expect([200, 206, 404], text).toContain(status)
    // The admin sees that row, so what is asked of it does fail.
    if (!path.includes('/notes/')) expect((await vaults.vault.send(ADMIN, asked)).status).toBe(400)
  })
})

test('a schema without rules tells nothing of its fields to who is no admin', async () => {
  const open = JSON.parse(VAULT)
  for (const entity of Object.values<{ access?: unknown }>(open.entities)) delete entity.access
  await served.publish(JSON.stringify({ ...open, schema: 'open' }))
  const tenant = await served.createTenant('attack-open', 'open')
  for (const [real, unknown] of [
    ['secret', 'zzzzzz'],
    ['both', 'zzzz'],
    ['revision', 'zzzzzzzz'],
  ] as const) {
    const [asked, other] = [attacksOn(real), attacksOn(unknown)]
    for (const [index, one] of asked.entries()) {
      const there = (await told(tenant, CLERK, one)).replaceAll(real, 'NAME')
      const nowhere = (await told(tenant, CLERK, other[index] ?? one)).replaceAll(unknown, 'NAME')
      expect(there, show(one)).toBe(nowhere)
    }
  }
})

function show({ method, path, headers, body }: Asked): string {
  return `${method} ${decodeURIComponent(path)} ${JSON.stringify(headers)} ${JSON.stringify(body) ?? ''}`
}
