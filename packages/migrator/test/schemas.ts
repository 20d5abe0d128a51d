/** Schemas for tests: one that has something of everything, and a naming that hides it all. */
import type { Naming } from '../src/plan/names.ts'

/** `extra` goes behind the fields of `contacts`, `entities` behind the entities. */
export function shop(extra = '', entities = ''): string {
  return `
schema: shop
entities:
  companies:
    fields:
      name: { type: string, required: true, min: 1, max: 20 }
      revenue: { type: decimal, precision: 6, scale: 2, min: 0 }
      rating: { type: float }
  contacts:
    fields:
      email: { type: string, required: true, unique: true }
      status: { type: enum, values: [lead, customer], default: lead }
      age: { type: integer, min: 0 }
      tags: { type: string, list: true, max: 3 }
      company_id: { to: companies, as: company, on_delete: set_null }
      manager_id: { to: contacts, as: manager }
${extra}
    indexes: [[status, created_at]]
  notes:
    fields:
      contact_id: { to: contacts, as: contact, on_delete: cascade, required: true }
      body: { type: text, required: true }
  orders:
    key: number
    fields:
      number: { type: bigint, identity: true }
  order_lines:
    key: [order_number, line]
    fields:
      order_number: { to: orders, as: order, on_delete: cascade, required: true }
      line: { type: integer, required: true }
${entities}
`
}

/** Every physical name is unlike its logical one; letters, quotes and spaces included. */
export const scrambled: Naming = (entity, field) => {
  const text = field === null ? entity : `${entity}.${field}`
  let hash = 7
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 0xffffff
  return `X "${hash.toString(36)}`
}
