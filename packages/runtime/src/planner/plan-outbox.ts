/** The record event of a write, as one more CTE of its own statement: it leaves with the row or not at all. */
import { invariant } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundEntity, TENANT } from '../binding/bound-schema.ts'
import type { PlanScope } from './scope.ts'

export type Verb = 'created' | 'updated' | 'deleted'

/**
 * `, o as (insert into events …)` where the entity publishes such events; nothing otherwise. `inserted` tells the rows
 * that an upsert made from those that it changed.
 */
export function planOutbox(scope: PlanScope, verb: Verb, inserted?: SQL): SQL {
  const { outbox, compiled } = scope.schema
  const { compiled: entity } = scope.entity
  const told = (inserted ? (['created', 'updated'] as const) : [verb]).filter((v) => entity.events.includes(v))
  if (!outbox || told.length === 0) return sql``
  const type =
    inserted && told.length === 2
      ? sql`case when t.${inserted} then 'record.created' else 'record.updated' end`
      : text(`record.${told[0]}`)
  const only =
    inserted && told.length === 1 ? sql` where ${told[0] === 'created' ? sql`` : sql`not `}t.${inserted}` : sql``
  const stored = Object.keys(entity.fields).filter((field) => scope.entity.columns[field])
  const pairs = stored.map((field) => sql`${text(field)}, t.${scope.entity.columns[field]}`)
  const keys = entity.key.map((field) => sql`t.${scope.entity.columns[field]}::text`)
  const data = sql`json_build_object('schema', ${text(compiled.name)}, 'entity', ${text(entity.name)}, 'record', json_build_object(${sql.join(pairs, sql`, `)}))`
  const columns: readonly (readonly [string, SQL])[] = [
    ['id', sql`gen_random_uuid()`],
    ['type', type],
    ['source', text(`/schemas/${compiled.name}`)],
    ['subject', sql`${text(`${entity.name}/`)} || concat_ws(',', ${sql.join(keys, sql`, `)})`],
    ['time', sql`clock_timestamp()`],
    ['data', data],
  ]
  const names = columns.map(([field]) => outboxColumn(outbox, field))
  const values = columns.map(([, expression]) => expression)
  return sql`, o as (insert into ${outbox.table} (${sql.join([TENANT, ...names], sql`, `)}) select ${sql.join([sql`t.${TENANT}`, ...values], sql`, `)} from w t${only})`
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
