/** Names and kinds of relations on both sides. */
import { expect, test } from 'vitest'
import type { CompiledSchema } from '../contracts/compiled.ts'
import { compileSchema } from './compile-schema.ts'

function relationsOf(schema: CompiledSchema, entity: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(schema.entities[entity]?.relations ?? {}).map(
      ([place, { name, kind, entity, from, to, key, onDelete }]) => [
        place,
        `${name} ${kind} ${entity} (${from})=(${to}) ${key} ${onDelete}`,
      ],
    ),
  )
}

test('both sides of a reference are related, the other side under its entity name', () => {
  const schema = compileSchema(`
schema: x
entities:
  companies: { fields: { name: { type: string } } }
  contacts: { fields: { company_id: { to: companies, on_delete: cascade } } }
`)
  expect(relationsOf(schema, 'contacts')).toEqual({
    company: 'company one companies (company_id)=(id) contacts_company_id_fkey cascade',
  })
  expect(relationsOf(schema, 'companies')).toEqual({
    contacts: 'contacts many contacts (id)=(company_id) contacts_company_id_fkey cascade',
  })
})

test('the other side is single where the reference is unique or the key', () => {
  const schema = compileSchema(`
schema: x
entities:
  users: { fields: { name: { type: string } } }
  profiles: { key: user_id, fields: { user_id: { to: users } } }
  badges: { fields: { user_id: { to: users, unique: true } } }
  avatars: { fields: { user_id: { to: users }, size: { type: string } }, unique: [[user_id, size]] }
  notes: { fields: { profile_id: { to: profiles } } }
`)
  expect(Object.values(schema.entities.users?.relations ?? {}).map((r) => `${r.entity} ${r.kind}`)).toEqual([
    'profiles one_back',
    'badges one_back',
    'avatars many',
  ])
  // The type follows from key to key.
  expect(schema.entities.notes?.fields.profile_id?.type).toBe('uuid')
})

test('two references between the same entities keep both other sides, told apart by field', () => {
  const schema = compileSchema(`
schema: x
entities:
  addresses: { fields: { city: { type: string } } }
  orders: { fields: { billing_id: { to: addresses }, shipping_id: { to: addresses } } }
`)
  expect(relationsOf(schema, 'addresses')).toEqual({
    'orders!billing_id': 'orders many orders (id)=(billing_id) orders_billing_id_fkey restrict',
    'orders!shipping_id': 'orders many orders (id)=(shipping_id) orders_shipping_id_fkey restrict',
  })
  expect(Object.keys(relationsOf(schema, 'orders'))).toEqual(['billing', 'shipping'])
})

test('has_many names the other side, alone or chosen by field', () => {
  const schema = compileSchema(`
schema: x
entities:
  addresses:
    fields: { city: { type: string } }
    has_many: { billed: { entity: orders, by: billing_id } }
  orders: { fields: { billing_id: { to: addresses }, shipping_id: { to: addresses } } }
`)
  expect(Object.keys(relationsOf(schema, 'addresses'))).toEqual(['billed', 'orders'])
})

test('a reference to oneself relates both ways', () => {
  const schema = compileSchema(`
schema: x
entities:
  employees: { fields: { manager_id: { to: employees }, reports_to: { to: employees } } }
`)
  expect(Object.keys(relationsOf(schema, 'employees')).toSorted()).toEqual([
    'employees',
    'employees!manager_id',
    'employees!reports_to',
    'manager',
  ])
  expect(schema.entities.employees?.relations.employees?.kind).toBe('one')
})

test('rival names of both sides of one entity stay apart', () => {
  const schema = compileSchema(`
schema: x
entities:
  parts: { fields: { made_of: { to: parts }, replaces: { to: parts } } }
`)
  expect(Object.entries(schema.entities.parts?.relations ?? {}).map(([place, { kind }]) => `${place} ${kind}`)).toEqual(
    ['parts!made_of one', 'parts!parts_made_of_fkey many', 'parts!replaces one', 'parts!parts_replaces_fkey many'],
  )
})

test('a composite key is referred to by `references`', () => {
  const schema = compileSchema(
    `
schema: x
entities:
  lines: { key: [order, line], fields: { order: { type: bigint }, line: { type: integer } } }
  returns:
    fields: { order: { type: bigint }, line: { type: integer } }
    references: [{ fields: [order, line], to: lines, as: returned, on_delete: set_null }]
`.replaceAll('order', 'order_no'),
  )
  expect(relationsOf(schema, 'returns')).toEqual({
    returned: 'returned one lines (order_no,line)=(order_no,line) returns_order_no_line_fkey set_null',
  })
})
