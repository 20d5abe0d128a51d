/** Every type of event that the platform writes, in the order of the documentation. */
import * as v from 'valibot'
import { count, type EventDefinition, name, object, uuid, version } from './event-definition.ts'
import type { EventPayloads } from './payloads.ts'
import { compatibleChanges, schemaChanges } from './schema-changes.ts'

const OWNER = "the schema's owner"
const ITSELF = 'the tenant'
const SYSTEM = '`system`'

const phase = v.picklist(['expand', 'backfill', 'contract'])
// Of migrations in another store than the default one: its name.
const store = v.exactOptional(name)
const updated = { tenant_id: uuid, schema_id: uuid, old_version: version, new_version: version }
const tenant = { tenant_id: uuid, slug: name }
const install = { tenant_id: uuid, schema_id: uuid, schema: name, profile: name }
const pinned = v.strictObject({ ...install, version, until: v.pipe(v.string(), v.isoTimestamp()), reason: v.string() })
const rollout = { rollout_id: uuid, tenant_id: uuid, schema_id: uuid, from_version: version, to_version: version }
const record = v.strictObject({ schema: name, entity: name, record: object })
const job = v.strictObject({ tenant_id: uuid, job_id: uuid, kind: name })

export const EVENT_DEFINITIONS: { readonly [T in keyof EventPayloads]: EventDefinition<EventPayloads[T]> } = {
  'schema.created': {
    description: 'The first version of a schema is published. `spec` is the schema as it was compiled.',
    subject: "the schema's id",
    tenant: OWNER,
    data: v.strictObject({ tenant_id: uuid, schema_id: uuid, version, spec: object }),
  },
  'schema.updated.compatible': {
    description: 'A version is published that older ones can live beside; it is served as soon as runtimes hear of it.',
    subject: "the schema's id",
    tenant: OWNER,
    data: v.strictObject({ ...updated, changes: compatibleChanges }),
  },
  'schema.updated.breaking': {
    description: 'A version that needed a migration is served beside the one before.',
    subject: "the schema's id",
    tenant: OWNER,
    data: v.strictObject({ ...updated, changes: schemaChanges }),
  },
  'schema.migration.requested': {
    description: 'A migration from one version to another is to be done.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({ tenant_id: uuid, from_version: version, to_version: version, migration_id: uuid, store }),
  },
  'schema.migration.started': {
    description: 'A phase of a migration has begun.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({ migration_id: uuid, phase, store }),
  },
  'schema.migration.progress': {
    description: 'So many rows of a phase are done.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({
      migration_id: uuid,
      phase,
      done: count,
      total: count,
      rate: v.exactOptional(count),
      eta_ms: v.exactOptional(count),
      store,
    }),
  },
  'schema.migration.completed': {
    description: 'The new version is all that is left of the two.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({ migration_id: uuid, tenant_id: uuid, new_version: version, store }),
  },
  'schema.migration.failed': {
    description: 'A phase could not be done; the old version serves on.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({ migration_id: uuid, tenant_id: uuid, phase, code: name, message: v.string(), store }),
  },
  'schema.migration.rolled_back': {
    description: 'A migration was taken back: `version` serves again.',
    subject: "the migration's id",
    tenant: OWNER,
    data: v.strictObject({ migration_id: uuid, tenant_id: uuid, version, store }),
  },
  'tenant.created': {
    description: 'There is a new tenant. `schemas` names what was installed for it.',
    subject: "the tenant's id",
    tenant: SYSTEM,
    data: v.strictObject({ ...tenant, schemas: v.array(name) }),
  },
  'tenant.updated': {
    description: 'Its name, slug or hosts have changed.',
    subject: "the tenant's id",
    tenant: SYSTEM,
    data: v.strictObject(tenant),
  },
  'tenant.suspended': {
    description: 'It is served no more.',
    subject: "the tenant's id",
    tenant: SYSTEM,
    data: v.strictObject(tenant),
  },
  'tenant.resumed': {
    description: 'It is served again.',
    subject: "the tenant's id",
    tenant: SYSTEM,
    data: v.strictObject(tenant),
  },
  'install.created': {
    description: 'A tenant has installed a schema.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: v.strictObject({ ...install, version }),
  },
  'install.updated': {
    description: 'An install was moved to another version by hand; when a version is published, installs move without.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: v.strictObject({ ...install, version, old_version: version }),
  },
  'install.deleted': {
    description: 'A tenant has a schema no more.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: v.strictObject(install),
  },
  'install.pinned': {
    description: 'An install stays at this version from now on, or its pin was given another deadline or reason.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: pinned,
  },
  'install.unpinned': {
    description: 'An install moves with the others again; it has this version now.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: v.strictObject({ ...install, version }),
  },
  'install.pin_expiring': {
    description: 'The deadline of a pin is a week away, or a day.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: pinned,
  },
  'install.pin_expired': {
    description:
      'The deadline of a pin has passed; told again each week. The install stays pinned until somebody unpins it.',
    subject: "the schema's id",
    tenant: ITSELF,
    data: pinned,
  },
  'rollout.started': {
    description: 'Installs begin to move from one version to another, some before others.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject(rollout),
  },
  'rollout.advanced': {
    description: 'More installs have moved.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject({ ...rollout, percent: v.pipe(v.number(), v.minValue(0), v.maxValue(100)) }),
  },
  'rollout.paused': {
    description: 'No more installs move until it is resumed.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject(rollout),
  },
  'rollout.resumed': {
    description: 'Installs move again.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject(rollout),
  },
  'rollout.halted': {
    description: 'The new version did not hold what is asked of it: installs begin to go back.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject({ ...rollout, code: v.string(), reason: v.string() }),
  },
  'rollout.forced': {
    description: 'Somebody goes on all the same: no gate halts the wave, counted from 1.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject({ ...rollout, wave: version, reason: v.string() }),
  },
  'rollout.aborted': {
    description: 'Somebody has ended it: installs begin to go back.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject(rollout),
  },
  'rollout.completed': {
    description: 'All installs have moved.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject(rollout),
  },
  'rollout.rolled_back': {
    description: 'All installs are back at the version before.',
    subject: "the rollout's id",
    tenant: OWNER,
    data: v.strictObject({ ...rollout, reason: v.string() }),
  },
  'policy.updated': {
    description: 'A policy of a tenant was made, changed or taken away over the API.',
    subject: "`policies/` and the policy's id",
    tenant: ITSELF,
    data: v.strictObject({
      tenant_id: uuid,
      policy_id: uuid,
      change: v.picklist(['created', 'updated', 'deleted']),
    }),
  },
  'record.created': {
    description: 'A row was written, of an entity whose `events:` has `created`. `record` has its stored fields.',
    subject: 'the entity, a slash, and the key; the values of a composite key joined by `,`',
    tenant: ITSELF,
    data: record,
  },
  'record.updated': {
    description: 'A row was changed, of an entity whose `events:` has `updated`. `record` is what it has become.',
    subject: 'as of `record.created`',
    tenant: ITSELF,
    data: record,
  },
  'record.deleted': {
    description: 'A row was deleted, of an entity whose `events:` has `deleted`. `record` is what it was.',
    subject: 'as of `record.created`',
    tenant: ITSELF,
    data: record,
  },
  'job.succeeded': {
    description: 'What a client was told to wait for is done.',
    subject: "the job's id",
    tenant: ITSELF,
    data: job,
  },
  'job.failed': {
    description: 'What a client was told to wait for could not be done; the job has the reason.',
    subject: "the job's id",
    tenant: ITSELF,
    data: job,
  },
}
