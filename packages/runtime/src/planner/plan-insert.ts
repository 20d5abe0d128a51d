/** A create → one statement: `enter` and the rows' JSON feed the insert; what it wrote is read from the CTE. */
import { type CompiledField, invariant, type Operation } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { type BoundSchema, TENANT } from '../binding/bound-schema.ts'
import type { RenderedStatement } from '../binding/rendered-statement.ts'
import { literal } from './literal.ts'
import { planExecutions } from './plan-executions.ts'
import { planOutbox } from './plan-outbox.ts'
import { ENTER } from './plan-read.ts'
import { INSERTED, isBare, planReturned, planWritten } from './plan-written.ts'
import { render, value } from './render.ts'
import { admitted, environmentOf } from './rules.ts'
import { columnType, type PlanScope, rootScope } from './scope.ts'
import { becomes, entityAccess, nextScope, orForbidden, updatable } from './write-rules.ts'

/** One column of the insert: where its value comes from. */
interface InsertColumn {
  readonly name: SQL
  readonly expression: SQL
}

export function planInsert(schema: BoundSchema, operation: Operation): RenderedStatement {
  const scope = rootScope(schema, operation.entity, sql.raw('t.tenant_id'))
  const { input } = operation
  invariant(input, 'a create without input')
  const source = planSource(scope, operation)
  const columns = insertColumns(scope, operation)
  const names = sql.join([TENANT, ...columns.map((c) => c.name)], sql`, `)
  const values = sql.join([sql`x.tenant`, ...columns.map((c) => c.expression)], sql`, `)
  const insert = sql`insert into ${scope.entity.table} as t (${names}) select ${values} from ${ENTER} as x(tenant), ${source}`
  if (isBare(scope, operation)) return render(insert)
  const written = sql`${insert}${planConflict(scope, operation)} returning ${planReturned(scope, operation)}${operation.upsert ? sql`, (t.xmax = 0) as ${INSERTED}` : sql``}`
  const inserted = operation.upsert ? INSERTED : undefined
  const outbox = sql`${planOutbox(scope, 'created', inserted)}${planExecutions(scope, operation, 'created', inserted)}`
  return render(sql`with w as (${written})${outbox} select ${planWritten(scope, operation)}`)
}

/** The recordset: the body's columns by their JSON keys, beside them the ids that the runtime has made. */
function planSource(scope: PlanScope, operation: Operation): SQL {
  const ids = madeIds(scope, operation)
  const columns = (operation.input?.columns ?? []).map(
    (name) => sql`${sql.identifier(name)} ${sql.raw(columnType(scope, name))}`,
  )
  const json = value('input')
  if (operation.input?.missing === 'default') {
    // Row by row, so that a key that is absent can be told from one that is null.
    const record = columns.length === 0 ? sql`` : sql`, json_to_record(j.o) as b(${sql.join(columns, sql`, `)})`
    const made = ids.map((name) => sql`, ${value(`ids:${name}`)}::uuid[] as made_${sql.raw(name)}`)
    const numbered = sql`(select o, n${sql.join(made, sql``)} from json_array_elements(${json}::json) with ordinality as a(o, n)) j`
    return sql`${numbered}${record}`
  }
  const recordset =
    columns.length === 0
      ? sql`json_array_elements(${json}::json)`
      : sql`json_to_recordset(${json}::json) as (${sql.join(columns, sql`, `)})`
  const names = [...(operation.input?.columns.length ? operation.input.columns : ['_']), ...ids].map((name) =>
    sql.identifier(name),
  )
  const unnests = ids.map((name) => sql`, unnest(${value(`ids:${name}`)}::uuid[])`)
  return sql`rows from (${recordset}${sql.join(unnests, sql``)}) as b(${sql.join(names, sql`, `)})`
}

/** The fields whose value the runtime makes for each row: those with a `uuidv7` default that the body may lack. */
export function madeIds(scope: PlanScope, operation: Operation): readonly string[] {
  const given = operation.input?.missing === 'default' ? [] : (operation.input?.columns ?? [])
  return Object.values(scope.entity.compiled.fields)
    .filter((field) => isMade(field) && !given.includes(field.name))
    .map((field) => field.name)
}

function isMade(field: CompiledField): boolean {
  return field.default !== undefined && 'from' in field.default && field.default.from === 'uuidv7'
}

function insertColumns(scope: PlanScope, operation: Operation): readonly InsertColumn[] {
  const given = new Set(operation.input?.columns)
  const columns: InsertColumn[] = []
  for (const field of Object.values(scope.entity.compiled.fields)) {
    if (field.computed) continue
    const name = scope.entity.columns[field.name]
    invariant(name, `no column for ${field.name}`)
    const fallback = defaultOf(scope, field, operation.input?.missing === 'default')
    const body = sql`b.${sql.identifier(field.name)}`
    if (!given.has(field.name)) {
      if (fallback) columns.push({ name, expression: fallback })
    } else if (operation.input?.missing === 'default' && fallback) {
      columns.push({
        name,
        expression: sql`case when (j.o -> ${sql.raw(`'${field.name}'`)}) is null then ${fallback} else ${body} end`,
      })
    } else columns.push({ name, expression: body })
  }
  return columns
}

/** The expression of a field's default; null where the column is left to Postgres (identity) or to null. */
function defaultOf(scope: PlanScope, field: CompiledField, rowByRow: boolean): SQL | null {
  if (!field.default) return null
  if ('literal' in field.default) return literal(field, field.default.literal)
  switch (field.default.from) {
    case 'uuidv7':
      return rowByRow ? sql`j.made_${sql.raw(field.name)}[j.n]` : sql`b.${sql.identifier(field.name)}`
    case 'now':
      return sql`now()`
    case 'principal':
      return sql`${value('principal')}`
    case 'revision':
      return sql`1`
    case 'expression':
      return sql`(${toSql(field.default.expression.tree, environmentOf(scope, false))})`
    case 'identity':
      return rowByRow ? nextNumber(scope, field) : null
  }
}

/** What the column itself would take, for a row that lacks it among rows that have it. */
function nextNumber(scope: PlanScope, field: CompiledField): SQL {
  const { mapping } = scope.entity
  const table = `"${scope.schema.mapping.schema.replaceAll('"', '""')}"."${mapping.table.replaceAll('"', '""')}"`
  const quote = (text: string): SQL => sql.raw(`'${text.replaceAll("'", "''")}'`)
  return sql`nextval(pg_get_serial_sequence(${quote(table)}, ${quote(mapping.columns[field.name] ?? '')}))`
}

/** Upsert: on the named unique set, merge what the body has, or leave the row as it is. */
function planConflict(scope: PlanScope, { upsert, input }: Operation): SQL {
  if (!upsert) return sql``
  const target = sql.join([TENANT, ...upsert.on.map((name) => scope.entity.columns[name] ?? sql``)], sql`, `)
  const updated = (input?.columns ?? []).filter((name) => !upsert.on.includes(name))
  if (upsert.resolution === 'ignore') return sql` on conflict (${target}) do nothing`
  // With nothing to change, the row is still locked and returned, as a merge promises.
  const columns = updated.length > 0 ? updated : upsert.on
  const assignments = columns.map((name) => sql`${scope.entity.columns[name]} = excluded.${scope.entity.columns[name]}`)
  const set = sql.join([...assignments, ...touches(scope)], sql`, `)
  return sql` on conflict (${target}) do update set ${set}${mergeable(scope, updated, input?.added)}`
}

/** A row that is there and may not be changed so is refused, and the write with it: a merge promises to do all. */
function mergeable(scope: PlanScope, columns: readonly string[], added: readonly string[] = []): SQL {
  const access = entityAccess(scope)
  if (!access?.update || !access.read) return sql``
  const given = new Map(columns.map((name) => [name, sql`excluded.${scope.entity.columns[name] ?? sql``}`] as const))
  const asked = columns.filter((name) => !added.includes(name))
  const conditions = [
    admitted(scope, access.read.rows),
    updatable(scope, access.update, asked),
    becomes(scope, nextScope(scope, given), access.update, asked),
  ].filter((part) => part !== null)
  if (conditions.length === 0) return sql``
  return sql` where ${orForbidden(sql`coalesce(${sql.join(conditions, sql` and `)}, false)`, 'update')}`
}

/** What every update sets besides the values it was given. */
export function touches(scope: PlanScope): readonly SQL[] {
  return Object.values(scope.entity.compiled.fields).flatMap((field) => {
    const name = scope.entity.columns[field.name]
    if (field.touched === 'now') return [sql`${name} = now()`]
    return field.touched === 'revision' ? [sql`${name} = t.${name} + 1`] : []
  })
}
