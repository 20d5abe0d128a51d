/** The compiled form of sound documents. */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { MOMENTS } from '../contracts/moment.ts'
import { compileSchema, schemaJsonSchema, testsJsonSchema } from './index.ts'

/** By name alone: what they do is of no concern here. */
const NAMED_BY_CRM = [
  ...['transform.trim', 'transform.phone', 'transform.slug', 'validation.email_domain', 'security.generate_key'],
  'transform.sequence',
].map((name) => ({ ...stub(name), kind: 'compute' as const, run: () => null }))
const HOOKS_OF_CRM = ['security.audit', 'communication.webhook', 'communication.notify', 'communication.email'].map(
  (name) => ({ ...stub(name), kind: 'hook' as const, moments: MOMENTS, run: () => undefined }),
)

function stub(name: string) {
  return { name, description: '', needs: 'pure' as const, callable: true, params: v.any(), settings: v.any() }
}

const crmText = readFileSync(new URL('../../../../examples/crm/schema.yaml', import.meta.url), 'utf8')
const crm = compileSchema(crmText, { functions: [...NAMED_BY_CRM, ...HOOKS_OF_CRM] })

test('the example compiles, its entities in the order of the document', () => {
  expect(crm.name).toBe('crm')
  expect(crm.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(crm.roles).toEqual({ sales: { inherits: [] }, support: { inherits: [] }, admin: { inherits: ['sales'] } })
  expect(Object.keys(crm.entities)).toEqual([
    'companies',
    'contacts',
    'notes',
    'products',
    'orders',
    'order_lines',
    'inquiries',
  ])
})

test('an entity gets its key before its own fields and the other system fields after them', () => {
  const { fields, key } = crm.entities.notes ?? {}
  expect(key).toEqual(['id'])
  expect(Object.values(fields ?? {})).toEqual([
    { name: 'id', type: 'uuid', list: false, required: true, writable: true, default: { from: 'uuidv7' } },
    { name: 'contact_id', type: 'uuid', list: false, required: false, writable: true },
    { name: 'body', type: 'text', list: false, required: true, writable: true, max: 10000 },
    { name: 'pinned', type: 'boolean', list: false, required: false, writable: true, default: { literal: false } },
    { name: 'created_at', type: 'timestamp', list: false, required: true, writable: false, default: { from: 'now' } },
    {
      name: 'updated_at',
      type: 'timestamp',
      list: false,
      required: true,
      writable: false,
      default: { from: 'now' },
      touched: 'now',
    },
    {
      name: 'created_by',
      type: 'string',
      list: false,
      required: false,
      writable: false,
      default: { from: 'principal' },
    },
    {
      name: 'revision',
      type: 'bigint',
      list: false,
      required: true,
      writable: false,
      default: { from: 'revision' },
      touched: 'revision',
    },
  ])
})

test('`without` drops system fields, and a composite key may be made of references', () => {
  const { fields, key } = crm.entities.order_lines ?? {}
  expect(key).toEqual(['order_number', 'product_code'])
  expect(Object.keys(fields ?? {}).slice(-2)).toEqual(['created_at', 'updated_at'])
  expect(fields?.order_number).toMatchObject({ type: 'bigint', required: true })
  expect(fields?.product_code).toMatchObject({ type: 'string', required: true })
})

test('an identity key and bounds of decimals compile to their exact forms', () => {
  expect(crm.entities.orders?.fields.number).toEqual({
    name: 'number',
    type: 'bigint',
    list: false,
    required: true,
    writable: true,
    default: { from: 'identity' },
  })
  expect(crm.entities.companies?.fields.revenue).toMatchObject({ min: '0', precision: 12, scale: 2 })
})

test("a field's own uniqueness stands before the sets of the entity", () => {
  expect(crm.entities.contacts?.unique).toEqual([['email'], ['company_id', 'email']])
  expect(crm.entities.contacts?.indexes).toEqual([['status', 'created_at']])
  expect(crm.entities.contacts?.events).toEqual(['created', 'updated', 'deleted'])
})

test('the result is frozen to its leaves and finds nothing that was not declared', () => {
  expect(Object.isFrozen(crm.entities.contacts?.fields.status?.values)).toBe(true)
  expect(Object.isFrozen(crm.entities)).toBe(true)
  expect(Reflect.get(crm.entities, 'constructor')).toBeUndefined()
  expect(Reflect.get(crm.entities.contacts?.relations ?? {}, 'toString')).toBeUndefined()
  expect(JSON.parse(JSON.stringify(crm))).toEqual(crm)
})

test('JSON is read as YAML is, tabs and escapes included', () => {
  const document = { schema: 'x', entities: { notes: { fields: { body: { type: 'text', default: 'ä/"\u{1f600}' } } } } }
  const yaml = 'schema: x\nentities:\n  notes:\n    fields:\n      body: { type: text, default: "ä/\\"😀" }\n'
  expect(compileSchema(JSON.stringify(document, null, '\t'))).toEqual(compileSchema(yaml))
})

test('the JSON Schema form compiles to what the language itself says', () => {
  const jsonSchema = compileSchema(`
schema: x
entities:
  tenants:
    key: account_id
    schema:
      type: object
      required: [account_id, name]
      properties:
        name: { type: string, maxLength: 255 }
        plan: { type: string, enum: [free, pro], default: free }
        created: { type: [string, 'null'], format: date-time }
        seats: { type: integer, minimum: 1 }
        price: { type: number }
        site: { type: string, format: uri }
        tags: { type: array, items: { type: string, pattern: "^[a-z]+$" }, maxItems: 5 }
        meta: { type: object }
`)
  const native = compileSchema(`
schema: x
entities:
  tenants:
    key: account_id
    schema: { properties: {} }
`)
  const { fields } = jsonSchema.entities.tenants ?? {}
  expect(fields?.account_id).toEqual(native.entities.tenants?.fields.account_id)
  expect(fields).toMatchObject({
    account_id: { type: 'uuid', default: { from: 'uuidv7' } },
    name: { type: 'string', max: 255, required: true },
    plan: { type: 'enum', values: ['free', 'pro'], default: { literal: 'free' } },
    created: { type: 'timestamp', required: false },
    seats: { type: 'integer', min: 1 },
    price: { type: 'decimal' },
    site: { type: 'string', format: 'uri' },
    tags: { type: 'string', list: true, pattern: '^[a-z]+$', max: 5 },
    meta: { type: 'json', list: false },
  })
})

test('literal defaults of every type compile, numbers beyond doubles exactly', () => {
  const { fields } =
    compileSchema(`
schema: x
entities:
  all:
    fields:
      a: { type: bigint, default: 9223372036854775807 }
      b: { type: decimal, default: "0.10000000000000000001" }
      c: { type: decimal, precision: 4, scale: 2, default: 12.5, min: -5, max: 99.99 }
      d: { type: integer, default: -3 }
      e: { type: float, default: 0.5 }
      f: { type: date, default: 2024-02-29 }
      g: { type: time, default: "17:30" }
      h: { type: timestamp, default: 2026-01-31T17:30:00+01:00 }
      i: { type: interval, default: P1DT12H }
      j: { type: uuid, default: 018f0000-0000-7000-8000-000000000001 }
      k: { type: json, default: { a: [1, null, "x"] } }
      l: { type: enum, list: true, values: [x, y], default: [y] }
      m: { type: string, default: "'; drop table users; --" }
      n: { type: bigint, list: true, default: [1, 2] }
`).entities.all ?? {}
  const literals = Object.values(fields ?? {}).flatMap((field) =>
    field.default && 'literal' in field.default ? [field.default.literal] : [],
  )
  expect(literals).toEqual([
    '9223372036854775807',
    '0.10000000000000000001',
    '12.5',
    -3,
    0.5,
    '2024-02-29',
    '17:30',
    '2026-01-31T17:30:00+01:00',
    'P1DT12H',
    '018f0000-0000-7000-8000-000000000001',
    { a: [1, null, 'x'] },
    ['y'],
    "'; drop table users; --",
    ['1', '2'],
  ])
})

test('the version an author expects is kept', () => {
  expect(compileSchema('schema: x\nversion: 3\nentities: {}\n').version).toBe(3)
  expect('version' in crm).toBe(false)
})

test('the JSON Schema for editors knows the keys and refuses others', () => {
  const schema = schemaJsonSchema()
  expect(schema).toMatchObject({ type: 'object', required: ['schema', 'entities'], additionalProperties: false })
  const text = JSON.stringify(schema)
  for (const key of ['on_delete', 'has_many', 'maxLength', 'access', 'except', 'deny', 'computed', 'matrix']) {
    expect(text).toContain(`"${key}":`)
  }
  expect(text).not.toContain('"history"')
  expect(testsJsonSchema()).toMatchObject({
    type: 'object',
    properties: { tests: {}, function_tests: {} },
    additionalProperties: false,
  })
})
