/** `security.audit`: what happened to a row, into the audit log that nobody changes. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { missingFields } from '../missing-fields.ts'

export const audit: FunctionDefinition = defineFunction({
  name: 'security.audit',
  kind: 'hook',
  needs: 'writes',
  description:
    'Writes into the audit log who has created, changed or deleted the row, once. The log is a chain: what is taken out or changed shows.',
  moments: ['after_create', 'after_update', 'after_delete'],
  params: v.strictObject({
    action: v.optional(
      v.pipe(
        v.string(),
        v.minLength(1),
        v.maxLength(100),
        v.description('What it is called; create, update or delete unless given.'),
      ),
    ),
    fields: v.optional(
      v.pipe(
        v.array(v.string()),
        v.maxLength(50),
        v.description('The fields whose values are kept; none unless given.'),
      ),
      [],
    ),
    key: v.optional(v.pipe(v.string(), v.description('The field that names the row.')), 'id'),
  }),
  check: ({ fields, key }, place) => [
    ...missingFields(fields, ['fields'], place),
    ...missingFields([key], ['key'], place),
  ],
  async run(context, row, { action, fields, key }) {
    const { operation, user, id } = context
    const kept = Object.fromEntries(fields.map((field) => [field, row[field] ?? null]))
    const note = {
      ...{ id, schema: operation.schema, entity: operation.entity, row_id: String(row[key]).slice(0, 200) },
      ...{ action: action ?? operation.action, actor: { kind: user.kind, id: user.id }, fields: kept },
    }
    await context.registry.create('audit_notes', note, { once: true })
    return { note: id }
  },
})
