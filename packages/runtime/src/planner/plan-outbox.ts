/** The event of a write, as one more CTE of its own statement: it leaves with the row or not at all. */
import { invariant, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundEntity, TENANT } from '../binding/bound-schema.ts'
import type { PlanScope } from './scope.ts'

export type Verb = 'created' | 'updated' | 'deleted'

/**
 * `, o as (insert into events …)` where the entity publishes such events; nothing otherwise. `inserted` tells the rows
 * that an upsert made from those that it changed.
 */
export function planOutbox(scope: PlanScope, verb: Verb, inserted?: SQL): SQL {
  const { outbox } = scope.schema
  const { compiled: entity } = scope.entity
  const told = (inserted ? (['created', 'updated'] as const) : [verb]).filter((v) => entity.events.includes(v))
  if (!outbox || told.length === 0) return sql``
  const only =
    inserted && told.length === 1 ? sql` where ${told[0] === 'created' ? sql`` : sql`not `}t.${inserted}` : sql``
  const verbs =
    inserted && told.length === 2
      ? sql`case when t.${inserted} then 'created' else 'updated' end`
      : text(told[0] as Verb) // one at least, seen above
  const { type, source, subject, data } =
    scope.schema.placementId === PLATFORM_PLACEMENT_ID ? registryEvent(scope, verbs) : recordEvent(scope, verbs)
  const columns: readonly (readonly [string, SQL])[] = [
    ['id', sql`gen_random_uuid()`],
    ['type', type],
    ['source', text(source)],
    ['subject', subject],
    ['time', sql`clock_timestamp()`],
    ['data', data],
  ]
  const names = columns.map(([field]) => outboxColumn(outbox, field))
  const values = columns.map(([, expression]) => expression)
  return sql`, o as (insert into ${outbox.table} (${sql.join([TENANT, ...names], sql`, `)}) select ${sql.join([sql`t.${TENANT}`, ...values], sql`, `)} from w t${only})`
}

interface WrittenEvent {
  readonly type: SQL
  readonly source: string
  readonly subject: SQL
  readonly data: SQL
}

/** As `record.created` and its like are defined in the events of the core, which tests hold it against. */
function recordEvent({ schema, entity: { compiled: entity, columns } }: PlanScope, verb: SQL): WrittenEvent {
  const name = text(schema.compiled.name)
  const stored = Object.keys(entity.fields).filter((field) => columns[field])
  // Not by `json_build_object`, which takes 50 pairs at most.
  const fields = stored.map((field) => sql`t.${columns[field]} as ${sql.identifier(field)}`)
  const keys = entity.key.map((field) => sql`t.${columns[field]}::text`)
  return {
    type: sql`'record.' || ${verb}`,
    source: `/schemas/${schema.compiled.name}`,
    subject: sql`${text(`${entity.name}/`)} || concat_ws(',', ${sql.join(keys, sql`, `)})`,
    data: sql`json_build_object('schema', ${name}, 'entity', ${text(entity.name)}, 'record', (select row_to_json(r) from (select ${sql.join(fields, sql`, `)}) r))`,
  }
}

/** What the registry tells of its own rows names them, and no more: `policy.updated`. */
function registryEvent({ entity: { compiled, columns } }: PlanScope, verb: SQL): WrittenEvent {
  invariant(compiled.name === 'policies', `the platform tells nothing of ${compiled.name}`)
  const id = sql`t.${columns.id}`
  return {
    type: text('policy.updated'),
    source: '/registry',
    subject: sql`'policies/' || ${id}::text`,
    data: sql`json_build_object('tenant_id', t.${TENANT}, 'policy_id', ${id}, 'change', ${verb})`,
  }
}

function outboxColumn(outbox: BoundEntity, field: string): SQL {
  const name = outbox.columns[field]
  invariant(name, `the outbox has no column ${field}`)
  return name
}

/** A text constant of the schema. */
function text(constant: string): SQL {
  return sql`${sql.raw(`'${constant.replaceAll("'", "''")}'`)}::text`
}
