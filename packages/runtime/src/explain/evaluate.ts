/** Asks Postgres, in one read, which rules hold for one row, and what they come to together. */
import { type AccessRule, DatabaseError, invariant, type Operation, type Principal } from '@backsaas/core'
import { toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { translateDatabaseError } from '../errors/translate-database-error.ts'
import type { FunctionRequest } from '../functions/function-request.ts'
import { ENTER } from '../planner/plan-read.ts'
import { render, value } from '../planner/render.ts'
import { admitted, environmentOf, rawColumn } from '../planner/rules.ts'
import { ofTenant, type PlanScope, rootScope } from '../planner/scope.ts'
import { entityAccess, nextScope, updatable } from '../planner/write-rules.ts'
import { fill } from '../stages/plan.ts'
import { conditionOf, seenField } from './condition.ts'
import { madeScope, recordOf, storedFields } from './made-row.ts'
import { columnsOf, type Question } from './question.ts'

export interface Evaluation {
  /** Whether the caller sees the row at all; true of one that is to be created. */
  readonly isSeen: boolean
  /** Whether the rules together allow the action; of an update without input, as far as the row decides. */
  readonly isAllowed: boolean
  /** Of each rule, whether its conditions are true of the row: for one that forbids, whether it forbids. Null: not known. */
  readonly holds: readonly (boolean | null)[]
  /** What the caller sees of the row, or may change of it. */
  readonly fields: readonly string[]
}

/**
 * @param view the schema as `principal` knows it.
 * @param rules those whose conditions are asked for.
 * @param onlySeen a row that the caller does not see is not looked at: an error that a rule raises would tell of it.
 * @returns null where there is no such row.
 * @throws what Postgres refuses, as an answer of the data API would.
 */
export async function evaluate(
  request: FunctionRequest,
  view: BoundSchema,
  principal: Principal,
  question: Question,
  rules: readonly AccessRule[],
  onlySeen: boolean,
): Promise<Evaluation | null> {
  const subject = subjectOf(view, question)
  // What an update would make of the row may not be known.
  const isFinal = question.action === 'create' || subject.next !== null
  const fields = question.action === 'create' ? [] : Object.keys(question.entity.fields)
  const seenTest = isSeen(subject.scope, question)
  const tests = [
    seenTest,
    conditionOf(subject.scope, question.action, columnsOf(question), subject.next),
    ...rules.flatMap((rule) => testsOf(rule, subject)),
    ...fields.map((field) => fieldTest(subject.scope, question, field)),
  ]
  const row = onlySeen && typeof seenTest !== 'boolean' ? { ...subject, where: both(subject.where, seenTest) } : subject
  const flags = await ask(request, view, principal, question, row, tests)
  if (flags === null) return null
  const [seen, allowed, ...rest] = flags
  const ofRules = rest.slice(0, rules.length * 2)
  return {
    isSeen: seen === true,
    isAllowed: allowed === true,
    holds: rules.map((rule, i) => holds(rule, isFinal, ofRules[2 * i] ?? null, ofRules[2 * i + 1] ?? null)),
    fields: seen ? fields.filter((_, i) => rest[ofRules.length + i] === true) : [],
  }
}

/** The row, where it is, and what it becomes. */
interface Subject {
  readonly from: SQL
  readonly where: SQL | null
  readonly scope: PlanScope
  readonly next: PlanScope | null
  readonly params: readonly string[]
}

function subjectOf(view: BoundSchema, { action, entity, row, input }: Question): Subject {
  const root = rootScope(view, entity.name, sql.raw('x.tenant'))
  const made = action === 'create' ? input : row && 'values' in row ? row.values : null
  if (made) {
    const given = storedFields(entity, made)
    const scope = madeScope(root, given, root.alias, action === 'create')
    return changed({ from: recordOf(entity, given, 0, root.alias), where: null, scope, params: [JSON.stringify(made)] })
  }
  invariant(row && 'key' in row, 'a row is evaluated that is not given')
  const keys = entity.key.map((field, i) => sql`${rawColumn(root, field)} = ${value(i)}`)
  return changed({
    from: sql`${root.entity.table} ${root.alias}`,
    where: sql.join([ofTenant(root), ...keys], sql` and `),
    scope: root,
    params: row.key,
  })

  function changed(subject: Omit<Subject, 'next'>): Subject {
    if (action !== 'update' || !input) return { ...subject, next: null }
    const names = storedFields(entity, input)
    const given = new Map(names.map((name) => [name, sql`b.${sql.identifier(name)}`] as const))
    const record = recordOf(entity, names, subject.params.length, sql.raw('b'))
    return {
      ...subject,
      from: sql`${subject.from}, ${record}`,
      next: nextScope(subject.scope, given),
      params: [...subject.params, JSON.stringify(input)],
    }
  }
}

function both(one: SQL | null, other: SQL): SQL {
  return one ? sql`${one} and (${other})` : other
}

function isSeen(scope: PlanScope, { action }: Question): SQL | boolean {
  const access = entityAccess(scope)
  if (access === null || action === 'create') return true
  return access.read !== null && (admitted(scope, access.read.rows) ?? true)
}

function fieldTest(scope: PlanScope, { action, entity }: Question, field: string): SQL | boolean {
  const access = entityAccess(scope)
  if (action !== 'update') return access === null || seenField(scope, access, field)
  if (access === null) return entity.fields[field]?.writable === true
  return access.update?.fields.has(field) === true && (updatable(scope, access.update, [field]) ?? true)
}

/** The condition on the row as it is, and on what it becomes. */
function testsOf({ where, check }: AccessRule, { scope, next }: Subject): readonly (SQL | boolean)[] {
  return [
    where ? toSql(where.tree, environmentOf(scope, false)) : true,
    check ? toSql(check.tree, environmentOf(next ?? scope, false)) : true,
  ]
}

/** A condition that is null counts against the caller. */
function holds(
  { effect, check }: AccessRule,
  isFinal: boolean,
  where: boolean | null,
  checked: boolean | null,
): boolean | null {
  if (effect === 'deny') return where ?? true
  if (where !== true || !check) return where ?? false
  return isFinal ? (checked ?? false) : null
}

async function ask(
  { connection, tenantId }: FunctionRequest,
  view: BoundSchema,
  principal: Principal,
  { entity }: Question,
  { from, where, params }: Subject,
  tests: readonly (SQL | boolean)[],
): Promise<readonly (boolean | null)[] | null> {
  const flags = tests.map((test) => (typeof test === 'boolean' ? sql.raw(String(test)) : sql`(${test})`))
  const rows = sql`select (array[${sql.join(flags, sql`, `)}]::boolean[])::text from ${from}${where ? sql` where ${where}` : sql``}`
  const rendered = render(sql`select (${rows}) as body from ${ENTER} as x(tenant)`)
  const operation: Operation = { ...READ, entity: entity.name, params }
  const statement = { ...fill(rendered, { schema: view, operation, tenantId, principal }), prepare: false }
  try {
    const [result] = await connection.batch([statement])
    const text = result?.rows[0]?.[0] ?? null
    return text === null ? null : text.slice(1, -1).split(',').map(readFlag)
  } catch (error) {
    throw error instanceof DatabaseError ? translateDatabaseError(error, view, entity) : error
  }
}

/** What carries the params to where statements are filled. */
const READ: Operation = {
  action: 'read',
  entity: '',
  query: { select: [], where: [], order: [] },
  cardinality: 'one',
  count: 'none',
  returning: 'representation',
  format: 'json',
  params: [],
}

function readFlag(text: string): boolean | null {
  return text === 'NULL' ? null : text === 't'
}
