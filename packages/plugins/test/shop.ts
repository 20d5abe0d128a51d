/** A schema, and rows of `policies` about it, for the tests. */
import type { CompiledSchema, PolicyRow } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'

export const SHOP: CompiledSchema = compileSchema(`
schema: shop
roles: { clerk: {}, boss: { inherits: [clerk] }, anonymous: {} }
entities:
  orders:
    fields:
      title: { type: string, required: true }
      state: { type: enum, values: [open, closed], default: open }
      secret: { type: string }
      shout: { computed: "title + '!'" }
    access:
      clerk: { read: { where: "state == 'open'" }, update: { fields: [title] } }
      boss: { read: true, delete: false }
  shelves:
    fields: { name: { type: string } }
`)

/** The same without any rules. */
export const OPEN: CompiledSchema = {
  ...SHOP,
  entities: Object.fromEntries(
    Object.entries(SHOP.entities).map(([name, { access: _access, ...entity }]) => [name, entity]),
  ),
}

/** @example policy({ role: 'boss', action: 'delete' }) */
export function policy(part: Partial<PolicyRow> = {}): PolicyRow {
  return {
    ...{ id: 'p1', schema: 'shop', role: 'clerk', entity: 'orders', action: 'read', effect: 'allow' },
    ...{ where: null, check: null, fields: null, except: null },
    ...part,
  }
}
