/** The work of hooks after a write, queued by CTEs of the write's own statement: it is there with the row or not at all. */
import { AFTER_MOMENTS, type AfterMoment, type CompiledHook, invariant, type Operation } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundEntity, TENANT } from '../binding/bound-schema.ts'
import type { Verb } from './plan-outbox.ts'
import { value } from './render.ts'
import { environmentOf } from './rules.ts'
import type { PlanScope } from './scope.ts'
import { givenColumns } from './write-rules.ts'

const MOMENTS: Readonly<Record<Verb, AfterMoment>> = {
  created: 'after_create',
  updated: 'after_update',
  deleted: 'after_delete',
}

/** The row before an update, in what it returns. */
export const OLD_ROW: SQL = sql`${sql.identifier('+old')}`

/** Whether a hook after an update asks what the row was. */
export function seesOld({ entity }: PlanScope): boolean {
  return entity.compiled.hooks?.after_update?.some(({ old }) => old) ?? false
}

/** Whether hooks run after a write to the entity. */
export function queues({ entity }: PlanScope): boolean {
  const { hooks } = entity.compiled
  return AFTER_MOMENTS.some((moment) => hooks?.[moment] !== undefined)
}

/** A row of the alias as one JSON value, by field. */
export function oldRow({ entity }: PlanScope, alias: SQL): SQL {
  const fields = Object.keys(entity.compiled.fields).filter((field) => entity.columns[field])
  const parts: SQL[] = []
  // A function takes 100 arguments; a row may have more fields.
  for (let at = 0; at < fields.length; at += 50) {
    const pairs = fields.slice(at, at + 50).map((field) => sql`${text(field)}, ${alias}.${entity.columns[field]}`)
    parts.push(sql`jsonb_build_object(${sql.join(pairs, sql`, `)})`)
  }
  return sql.join(parts, sql` || `)
}

/**
 * `, q0 as (insert into function_executions …)` for each hook of the moment, for the rows of which its `when` is true.
 * `inserted` tells the rows that an upsert made from those that it changed.
 */
export function planExecutions(scope: PlanScope, operation: Operation, verb: Verb, inserted?: SQL): SQL {
  const { hooks } = scope.entity.compiled
  if (!hooks) return sql``
  const verbs: readonly Verb[] = inserted ? ['created', 'updated'] : [verb]
  const parts = verbs.flatMap((one) =>
    (hooks[MOMENTS[one]] ?? []).map((hook, index) => {
      const only = inserted ? sql`${one === 'created' ? sql`` : sql`not `}t.${inserted}` : null
      const name = sql.identifier(`q${MOMENTS[one]}${index}`)
      return sql`, ${name} as (${planQueue(scope, operation, one, hook, index, only)})`
    }),
  )
  return sql.join(parts, sql``)
}

function planQueue(
  outer: PlanScope,
  operation: Operation,
  verb: Verb,
  hook: CompiledHook,
  index: number,
  only: SQL | null,
): SQL {
  const { executions, compiled } = outer.schema
  invariant(executions, 'a schema with hooks is served beside a platform that queues them')
  const scope: PlanScope = { ...outer, alias: sql.raw('t'), given: givenColumns(operation.input) }
  const columns: readonly (readonly [field: string, expression: SQL])[] = [
    ['id', sql`gen_random_uuid()`],
    ['created_at', sql`now()`],
    ['function', text(hook.use)],
    ['schema', text(compiled.name)],
    ['profile', value('profile')],
    ['placement_id', sql`${value('placement')}::uuid`],
    ['version', sql`${value('version')}::int`],
    ['entity', text(outer.entity.compiled.name)],
    ['moment', text(MOMENTS[verb])],
    ['hook', sql.raw(String(index))],
    ['row', oldRow(scope, sql.raw('t'))],
    ['old', verb === 'updated' && hook.old && !only ? sql`t.${OLD_ROW}` : sql`null`],
    ['status', text('queued')],
    ['attempt', sql.raw('0')],
    ['due_at', sql`clock_timestamp()`],
    ['caller', sql`${value('caller')}::jsonb`],
    ['request_id', value('request')],
    ['depth', sql`${value('depth')}::bigint`],
  ]
  const names = columns.map(([field]) => columnOf(executions, field))
  const conditions = [only, conditionOf(scope, verb, hook)].filter((part) => part !== null)
  const where = conditions.length === 0 ? sql`` : sql` where ${sql.join(conditions, sql` and `)}`
  return sql`insert into ${executions.table} (${sql.join([TENANT, ...names], sql`, `)}) select ${sql.join([sql`t.${TENANT}`, ...columns.map(([, expression]) => expression)], sql`, `)} from w t${where}`
}

/** What `when` says of a row of `w`. */
function conditionOf(scope: PlanScope, verb: Verb, { when }: CompiledHook): SQL | null {
  if (!when) return null
  const environment = {
    ...environmentOf(scope, false),
    changed: (field: string): SQL => {
      const column = sql`t.${columnOf(scope.entity, field)}`
      if (verb === 'deleted') return sql`false`
      if (verb === 'created') return sql`(${column} is not null)`
      return sql`(coalesce(to_jsonb(${column}), 'null') is distinct from t.${OLD_ROW} -> ${text(field)})`
    },
  }
  return sql`coalesce((${toSql(when.tree, environment)}), false)`
}

function columnOf({ columns }: BoundEntity, field: string): SQL {
  const name = columns[field]
  invariant(name, `no column for ${field}`)
  return name
}

function text(constant: string): SQL {
  return sql`${sql.raw(`'${constant.replaceAll("'", "''")}'`)}::text`
}
