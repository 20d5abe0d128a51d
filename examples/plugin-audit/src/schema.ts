/** The plugin's own entity: one entry for each change of a record, told apart by the event that told of it. */
export const AUDIT_SCHEMA = `
schema: audit
description: Who changed which record, and what it then was
entities:
  entries:
    fields:
      event_id: { type: uuid, required: true, unique: true }
      action: { type: enum, values: [created, updated, deleted], required: true }
      schema_name: { type: string, required: true }
      entity: { type: string, required: true }
      record_key: { type: string, required: true }
      record: { type: json }
      happened_at: { type: timestamp, required: true }
    indexes: [[entity, record_key], [happened_at]]
`
