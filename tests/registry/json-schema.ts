/** The language's JSON Schema at its address: what is valid passes it, and what has a slip of the pen does not. */
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Lend, schemaOf } from './start-registry.ts'

const ROOT = new URL('../../', import.meta.url)
const EXAMPLES = [
  'examples/crm/schema.yaml',
  'examples/music-store/schema.yaml',
  'schemas/platform.yaml',
  'tests/fixture/everything.yaml',
]

export function jsonSchema(lend: Lend): void {
  let validate: ValidateFunction
  beforeAll(async () => {
    const response = await lend().fixture.fetch('/schemas/schema.json')
    validate = new Ajv({ strict: false }).compile(JSON.parse(await response.text()) as object)
  })

  test('is anybody’s, and may be kept', async () => {
    for (const name of ['schema.json', 'tests.json']) {
      const response = await lend().fixture.fetch(`/schemas/${name}`)
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'application/schema+json; charset=utf-8',
      ])
      expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
      expect(JSON.parse(await response.text())).toMatchObject({ $schema: expect.stringContaining('json-schema.org') })
    }
    expect((await lend().fixture.fetch('/schemas/other.json')).status).toBe(404)
    expect((await lend().fixture.fetch('/schemas/schema.json', { method: 'POST' })).status).toBe(405)
  })

  describe('passes', () => {
    test.each(EXAMPLES)('%s', (path) => {
      const document: unknown = parse(readFileSync(new URL(path, ROOT), 'utf8'))
      expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
    })
  })

  describe('refuses', () => {
    test.each<[string, string]>([
      ['a key that is none', `${schemaOf('crm')}entitys: {}\n`],
      ['an option that is none', schemaOf('crm', 'a: { type: string, requird: true }')],
      ['a type that is none', schemaOf('crm', 'a: { type: strin }')],
      ['a text for a number', schemaOf('crm', 'a: { type: decimal, precision: many }')],
      ['no name', 'entities: {}\n'],
    ])('%s', (_, text) => expect(validate(parse(text))).toBe(false))
  })
}
