/** The event definitions: the payloads that were agreed, and files that say the same. */
import { readFileSync } from 'node:fs'
import {
  checkEventData,
  EVENT_DEFINITIONS,
  type EventPayloads,
  type EventType,
  eventJsonSchema,
  eventsJsonSchema,
} from '@backsaas/core/events'
import { describe, expect, test } from 'vitest'
import { generatedFiles } from './generated.ts'
import { validateEvent } from './validate-event.ts'

const ID = '018f0000-0000-7000-8000-000000000001'
const UPDATED = { tenant_id: ID, schema_id: ID, old_version: 1, new_version: 2 }
const INSTALL = { tenant_id: ID, schema_id: ID, schema: 'crm', profile: 'crm' }
const PINNED = { ...INSTALL, version: 1, until: '2027-01-31T12:00:00.000Z', reason: 'an audit' }
const ROLLOUT = { rollout_id: ID, tenant_id: ID, schema_id: ID, from_version: 1, to_version: 2 }
const RECORD = { schema: 'crm', entity: 'contacts', record: { id: ID, email: null } }
const JOB = { tenant_id: ID, job_id: ID, kind: 'publish_schema' }

/** One of each, with all its fields. */
const EXAMPLES: EventPayloads = {
  'schema.created': { tenant_id: ID, schema_id: ID, version: 1, spec: {} },
  'schema.updated.compatible': {
    ...UPDATED,
    changes: [
      { type: 'AddField', entity: 'contacts', field: 'phone' },
      { type: 'AddIndex', entity: 'contacts', fields: ['phone'] },
      { type: 'ChangeRoles' },
    ],
  },
  'schema.updated.breaking': {
    ...UPDATED,
    changes: [
      { type: 'RemoveField', entity: 'contacts', field: 'phone' },
      { type: 'ChangeType', entity: 'contacts', field: 'age' },
      { type: 'AddField', entity: 'contacts', field: 'years' },
    ],
  },
  'schema.migration.requested': { tenant_id: ID, from_version: 1, to_version: 2, migration_id: ID },
  'schema.migration.started': { migration_id: ID, phase: 'expand' },
  'schema.migration.progress': { migration_id: ID, phase: 'backfill', done: 5, total: 10 },
  'schema.migration.completed': { migration_id: ID, tenant_id: ID, new_version: 2 },
  'schema.migration.failed': { migration_id: ID, tenant_id: ID, phase: 'contract', code: 'X', message: '' },
  'schema.migration.rolled_back': { migration_id: ID, tenant_id: ID, version: 1 },
  'tenant.created': { tenant_id: ID, slug: 'acme', schemas: [] },
  'tenant.updated': { tenant_id: ID, slug: 'acme' },
  'tenant.suspended': { tenant_id: ID, slug: 'acme' },
  'tenant.resumed': { tenant_id: ID, slug: 'acme' },
  'install.created': { ...INSTALL, version: 1 },
  'install.updated': { ...INSTALL, version: 2, old_version: 1 },
  'install.deleted': INSTALL,
  'install.pinned': PINNED,
  'install.unpinned': { ...INSTALL, version: 2 },
  'install.pin_expiring': PINNED,
  'install.pin_expired': PINNED,
  'rollout.started': ROLLOUT,
  'rollout.advanced': { ...ROLLOUT, percent: 12.5 },
  'rollout.paused': ROLLOUT,
  'rollout.resumed': ROLLOUT,
  'rollout.halted': { ...ROLLOUT, code: 'ERROR_RATE', reason: 'errors' },
  'rollout.forced': { ...ROLLOUT, wave: 2, reason: 'a client that is known' },
  'rollout.aborted': ROLLOUT,
  'rollout.completed': ROLLOUT,
  'rollout.rolled_back': { ...ROLLOUT, reason: 'errors' },
  'policy.updated': { tenant_id: ID, policy_id: ID, change: 'deleted' },
  'record.created': RECORD,
  'record.updated': RECORD,
  'record.deleted': RECORD,
  'job.succeeded': JOB,
  'job.failed': JOB,
}
const TYPES = Object.keys(EXAMPLES) as EventType[] // EXAMPLES has a member for each

/** As they were agreed: names, no more and no fewer. */
const AGREED: Partial<Record<EventType, readonly string[]>> = {
  'schema.created': ['tenant_id', 'schema_id', 'version', 'spec'],
  'schema.updated.compatible': ['tenant_id', 'schema_id', 'old_version', 'new_version', 'changes'],
  'schema.updated.breaking': ['tenant_id', 'schema_id', 'old_version', 'new_version', 'changes'],
  'schema.migration.requested': ['tenant_id', 'from_version', 'to_version', 'migration_id', 'store'],
  'schema.migration.started': ['migration_id', 'phase', 'store'],
  'schema.migration.completed': ['migration_id', 'tenant_id', 'new_version', 'store'],
}

test.each(Object.entries(AGREED))('%s has exactly the fields that were agreed', (type, fields) => {
  const { properties } = eventJsonSchema(type as EventType) as { properties: { data: { properties: object } } }
  expect(Object.keys(properties.data.properties)).toEqual(fields)
})

test('every type has an example here', () => {
  expect(TYPES.toSorted()).toEqual(Object.keys(EVENT_DEFINITIONS).toSorted())
})

describe.each(TYPES)('%s', (type) => {
  const envelope = (data: unknown) => ({
    specversion: '1.0',
    id: ID,
    source: '/registry',
    type,
    time: '2030-01-01T00:00:00.000001Z',
    datacontenttype: 'application/json',
    tenantid: ID,
    position: 1,
    data,
  })

  test('its example is one, in the check and in the JSON Schema', () => {
    checkEventData(type, EXAMPLES[type])
    expect(validateEvent(envelope(EXAMPLES[type]))).toEqual([])
  })

  test('less, more, and other than its fields are refused by both', () => {
    const data: Record<string, unknown> = { ...EXAMPLES[type] }
    const wrong: unknown[] = [null, [], { ...data, more: 1 }]
    for (const [field, value] of Object.entries(data)) {
      const { [field]: _, ...rest } = data
      wrong.push(rest, { ...data, [field]: typeof value === 'string' ? 7 : 'x' })
    }
    for (const one of wrong) {
      expect(() => checkEventData(type, one), JSON.stringify(one)).toThrow(type)
      expect(validateEvent(envelope(one)), JSON.stringify(one)).not.toEqual([])
    }
  })
})

test('a type that is not defined is refused', () => {
  for (const type of ['schema.deleted', '__proto__', '']) expect(() => checkEventData(type, {})).toThrow(/no event/)
})

test('what is made of the definitions is up to date: else `npm run docs:events`', () => {
  for (const [path, content] of generatedFiles()) expect(readFileSync(path, 'utf8') === content, path).toBe(true)
})

test('the schema of all is one of each', () => {
  const { oneOf, definitions } = eventsJsonSchema() as { oneOf: unknown[]; definitions: object }
  expect([oneOf.length, Object.keys(definitions)]).toEqual([TYPES.length, Object.keys(EVENT_DEFINITIONS)])
})
