import type { FunctionContext, Json } from '@backsaas/core'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { hashPassword, verifyPassword } from './security/scrypt.ts'
import { SHIPPED } from './shipped.ts'

/** What pure functions see of it. */
const context = (row: Readonly<Record<string, Json>> = {}) =>
  ({ row, old: null, now: Date.parse('2026-01-01T00:00:00Z') }) as unknown as FunctionContext

async function call(name: string, input: Json, given: object = {}, row: Readonly<Record<string, Json>> = {}) {
  const definition = SHIPPED.find((one) => one.name === name)
  if (!definition) throw new Error(`there is no ${name}`)
  const params = v.parse(definition.params, given)
  return definition.run(context(row), input as never, params)
}

type Case = readonly [name: string, input: Json, params: object, made: Json | undefined, row?: object]

function whole([name, input, params, made, row = {}]: Case) {
  return [name, input, params, made, row as Readonly<Record<string, Json>>] as const // rows of JSON, as written below
}

const code = async (...args: Parameters<typeof call>): Promise<unknown> =>
  ((await call(...args)) as { code: string } | null)?.code ?? null

describe('validation', () => {
  const cases: readonly Case[] = [
    ['validation.email_domain', 'a@Example.com', { deny: ['example.com'] }, 'email_domain'],
    ['validation.email_domain', 'a@mail.example.com', { deny: ['EXAMPLE.com'] }, 'email_domain'],
    ['validation.email_domain', 'a@mail.example.com', { deny: ['example.com'], subdomains: false }, null],
    ['validation.email_domain', 'a@notexample.com', { deny: ['example.com'] }, null],
    ['validation.email_domain', 'a@example.com.', { deny: ['example.com'] }, 'email_domain'],
    ['validation.email_domain', 'a@b.test', { allow: ['acme.test'] }, 'email_domain'],
    ['validation.phone', '0664 1234567', { country: 'AT' }, null],
    ['validation.phone', '0664 1234567', {}, 'phone'],
    ['validation.phone', '+1 202 555 0143', { countries: ['AT'] }, 'phone_country'],
    ['validation.phone', '12', { country: 'AT' }, 'phone'],
    ['validation.url', 'https://a.test/x', {}, null],
    ['validation.url', 'javascript:alert(1)', {}, 'url_scheme'],
    ['validation.url', 'https://user:pw@a.test', {}, 'url'],
    ['validation.url', 'https://evil-a.test', { hosts: ['a.test'] }, 'url_host'],
    ['validation.url', 'nothing', {}, 'url'],
    ['validation.luhn', '4111 1111 1111 1111', {}, null],
    ['validation.luhn', '4111 1111 1111 1112', {}, 'luhn'],
    ['validation.luhn', '', {}, 'luhn'],
    ['validation.password_strength', 'short1', {}, 'password_short'],
    ['validation.password_strength', 'aaaaaaaaaaaaaaa', { kinds: 1 }, 'password_plain'],
    ['validation.password_strength', 'onlysmallletters', {}, 'password_plain'],
    ['validation.password_strength', 'Correct-horse-9', { forbid: ['HORSE'] }, 'password_word'],
    ['validation.password_strength', 'Correct-mule-9', {}, null],
    ['validation.date_range', '2026-01-02', { max: 'now' }, 'date_range'],
    ['validation.date_range', '1899-12-31', { min: '1900-01-01' }, 'date_range'],
    ['validation.date_range', '2025-01-02', { after: 'begin' }, 'date_range', { begin: '2025-01-02' }],
    ['validation.date_range', '2025-01-03', { after: 'begin' }, null, { begin: '2025-01-02' }],
    ['validation.date_range', '2025-01-03', { before: 'end' }, null, { end: null }],
    ['validation.json_schema', { a: 1 }, { schema: { required: ['b'] } }, 'json_schema'],
    ['validation.json_schema', { b: 1 }, { schema: { required: ['b'] } }, null],
  ]
  test.each(cases.map(whole))('%s of %j with %j: %j', async (name, input, params, expected, row) => {
    expect(await code(name, input, params, row)).toBe(expected)
  })

  test('a JSON Schema with a pattern or a reference is refused at publish', () => {
    const definition = SHIPPED.find(({ name }) => name === 'validation.json_schema')
    const check = (schema: object) => definition?.check?.({ schema }, { entity: 'e', field: 'f', entities: {} })
    expect(check({ properties: { a: { pattern: '(a+)+$' } } })).toMatchObject([
      { path: ['schema', 'properties', 'a', 'pattern'] },
    ])
    expect(check({ properties: { pattern: { type: 'string' } } })).toEqual([])
  })
})

describe('transform and security', () => {
  const cases: readonly (readonly [name: string, input: Json, params: object, made: Json | undefined, row?: object])[] =
    [
      ['transform.trim', '  a   b ', { collapse: true }, 'a b'],
      ['transform.trim', '  ', { empty_to_null: true }, null],
      ['transform.lower', 'ÄB', {}, 'äb'],
      ['transform.title', 'anna-lena von tharau', {}, 'Anna-Lena Von Tharau'],
      ['transform.slug', 'Größe: 10 € – Łódź', {}, 'groesse-10-lodz'],
      ['transform.slug', null, { from: 'name' }, 'a-name', { name: 'A Name!' }],
      ['transform.slug', null, {}, undefined],
      ['transform.slug', 'abc def', { max: 4 }, 'abc'],
      ['transform.phone', '0664 1234567', { country: 'AT' }, '+436641234567'],
      ['transform.phone', 'none', { country: 'AT' }, 'none'],
      [
        'transform.hash',
        ' A ',
        { normalise: true },
        'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      ],
      ['security.mask', '4111111111111111', {}, '************1111'],
      ['security.mask', '123', {}, '***'],
    ]
  test.each(cases.map(whole))('%s of %j with %j', async (name, input, params, made, row) => {
    expect(await call(name, input, params, row)).toEqual(made)
  })

  test('keys are random, with their prefix', async () => {
    const [a, b] = [
      await call('security.generate_key', null, { prefix: 'k_' }),
      await call('security.generate_key', null),
    ]
    expect(a).toMatch(/^k_[0-9a-f]{48}$/)
    expect(a).not.toBe(`k_${b}`)
  })

  test('a password is verified by its hash, and by no other', async () => {
    const stored = await hashPassword('correct horse', 14)
    expect(stored).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$/)
    expect(await verifyPassword('correct horse', stored)).toBe(true)
    expect(await verifyPassword('correct house', stored)).toBe(false)
    expect(await verifyPassword('x', 'no hash')).toBe(false)
  })
})
