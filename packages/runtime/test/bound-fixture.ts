/** A small bound schema for tests of parsing and planning, physical names unlike the logical ones. */
import {
  type CompiledEntity,
  type CompiledField,
  type CompiledRelation,
  type CompiledSchema,
  type Mapping,
  PLATFORM_PLACEMENT_ID,
} from '@backsaas/core'
import { type BoundSchema, bindSchema } from '../src/binding/bound-schema.ts'

/** companies ← contacts ← notes, and tags with a junction contact_tags. */
export function fixtureSchema(): BoundSchema {
  const schema: CompiledSchema = {
    name: 'crm',
    hash: '0'.repeat(64),
    roles: {},
    entities: { companies, contacts, notes, tags, contact_tags },
  }
  return bindSchema(schema, mapping(schema), '00000000-0000-7000-8000-0000000000aa', 1, null)
}

/** As much of the platform's own as the feed needs. */
export function platformSchema(): BoundSchema {
  const fields = [
    id,
    ...['name', 'version'].map((name) => field(name, 'string', {})),
    ...['started_at', 'seen_at'].map((name) => field(name, 'timestamp', {})),
    field('serving', 'json', {}),
  ]
  const entities = { runtimes: entity('runtimes', fields, {}) }
  const schema: CompiledSchema = { name: 'platform', hash: '0'.repeat(64), roles: {}, entities }
  return bindSchema(schema, mapping(schema), PLATFORM_PLACEMENT_ID, 1, null)
}

const id = field('id', 'uuid', { required: true, default: { from: 'uuidv7' } })
const revision = field('revision', 'bigint', {
  required: true,
  writable: false,
  default: { from: 'revision' },
  touched: 'revision',
})

const companies = entity('companies', [id, field('name', 'string', { required: true, max: 100 })], {
  contacts: {
    name: 'contacts',
    kind: 'many',
    entity: 'contacts',
    from: ['id'],
    to: ['company_id'],
    key: 'contacts_company_id_fkey',
    onDelete: 'set_null',
  },
})
const contacts = entity(
  'contacts',
  [
    id,
    field('email', 'string', { required: true, format: 'email' }),
    field('status', 'enum', { values: ['lead', 'customer'], default: { literal: 'lead' } }),
    field('age', 'integer', { min: 0 }),
    field('meta', 'json', {}),
    field('labels', 'string', { list: true }),
    field('company_id', 'uuid', {}),
    revision,
  ],
  {
    company: {
      name: 'company',
      kind: 'one',
      entity: 'companies',
      from: ['company_id'],
      to: ['id'],
      key: 'contacts_company_id_fkey',
      onDelete: 'set_null',
    },
    notes: {
      name: 'notes',
      kind: 'many',
      entity: 'notes',
      from: ['id'],
      to: ['contact_id'],
      key: 'notes_contact_id_fkey',
      onDelete: 'cascade',
    },
    contact_tags: {
      name: 'contact_tags',
      kind: 'many',
      entity: 'contact_tags',
      from: ['id'],
      to: ['contact_id'],
      key: 'contact_tags_contact_id_fkey',
      onDelete: 'cascade',
    },
  },
)
const notes = entity('notes', [id, field('contact_id', 'uuid', {}), field('body', 'text', { required: true })], {
  contact: {
    name: 'contact',
    kind: 'one',
    entity: 'contacts',
    from: ['contact_id'],
    to: ['id'],
    key: 'notes_contact_id_fkey',
    onDelete: 'cascade',
  },
})
const tags = entity('tags', [id, field('label', 'string', { required: true })], {
  contact_tags: {
    name: 'contact_tags',
    kind: 'many',
    entity: 'contact_tags',
    from: ['id'],
    to: ['tag_id'],
    key: 'contact_tags_tag_id_fkey',
    onDelete: 'cascade',
  },
})
const contact_tags: CompiledEntity = {
  ...entity(
    'contact_tags',
    [field('contact_id', 'uuid', { required: true }), field('tag_id', 'uuid', { required: true })],
    {
      contact: {
        name: 'contact',
        kind: 'one',
        entity: 'contacts',
        from: ['contact_id'],
        to: ['id'],
        key: 'contact_tags_contact_id_fkey',
        onDelete: 'cascade',
      },
      tag: {
        name: 'tag',
        kind: 'one',
        entity: 'tags',
        from: ['tag_id'],
        to: ['id'],
        key: 'contact_tags_tag_id_fkey',
        onDelete: 'cascade',
      },
    },
  ),
  key: ['contact_id', 'tag_id'],
}

function field(name: string, type: CompiledField['type'], rest: Partial<CompiledField>): CompiledField {
  return { name, type, list: false, required: false, writable: true, ...rest }
}

function entity(
  name: string,
  fields: readonly CompiledField[],
  relations: Readonly<Record<string, CompiledRelation>>,
): CompiledEntity {
  return {
    name,
    key: ['id'],
    fields: Object.fromEntries(fields.map((f) => [f.name, f])),
    relations,
    unique: [],
    indexes: [],
    events: [],
  }
}

function mapping(schema: CompiledSchema): Mapping {
  const entities = Object.values(schema.entities).map((e) => {
    const columns = Object.fromEntries(Object.keys(e.fields).map((name) => [name, `${name}_p`]))
    return [e.name, { table: `${e.name}_t`, columns, constraints: {} }] as const
  })
  return { schema: 'bs_test', entities: Object.fromEntries(entities) }
}
