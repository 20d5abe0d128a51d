/** One comparison, or one path → SQL. */
import { type Comparison, type CompiledField, invariant, type Operator, type Path, physicalType } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { value } from './render.ts'
import { column, onVisible } from './rules.ts'
import type { PlanScope } from './scope.ts'

export function planComparison(scope: PlanScope, condition: Comparison): SQL {
  const test = planTest(scope, condition)
  const whole = condition.not ? sql`not (${test})` : test
  return MAY_RAISE.has(condition.operator) ? onVisible(scope, whole) : whole
}

/** What a value can make fail: a pattern that is none, a query that is none. */
const MAY_RAISE: ReadonlySet<Operator> = new Set([
  ...(['like', 'ilike', 'match', 'imatch'] as const),
  ...(['fts', 'plfts', 'phfts', 'wfts'] as const),
])

function planTest(scope: PlanScope, { path, operator, is, param, quantifier, language }: Comparison): SQL {
  const left = planPath(scope, path)
  if (operator === 'is') {
    invariant(is, 'is without a word')
    return sql`${left} is ${sql.raw(is.replace('_', ' '))}`
  }
  invariant(param !== undefined, `${operator} without a value`)
  const type = pathType(scope, path)
  if (operator === 'in') return sql`${left} = any(${value(param)}::${sql.raw(type)}[])`
  const right = quantifier ? sql`${sql.raw(quantifier)}(${value(param)}::${sql.raw(type)}[])` : sql`${value(param)}`
  const symbol = SYMBOLS[operator]
  if (symbol) return sql`${left} ${sql.raw(symbol)} ${right}`
  const structural = STRUCTURAL[operator]
  if (structural) return sql`${left} ${sql.raw(structural)} ${value(param)}::${sql.raw(type)}`
  const search = TEXT_SEARCH[operator]
  invariant(search, `no SQL for ${operator}`)
  // The configuration is part of the shape: the parser lets only [a-z_] through.
  const configuration = language ? sql`${sql.raw(`'${language}'`)}::regconfig, ` : sql``
  return sql`to_tsvector(${configuration}${left}) @@ ${sql.raw(search)}(${configuration}${value(param)})`
}

const SYMBOLS: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
  isdistinct: 'is distinct from',
}
const STRUCTURAL: Readonly<Record<string, string>> = {
  cs: '@>',
  cd: '<@',
  ov: '&&',
  sl: '<<',
  sr: '>>',
  nxr: '&<',
  nxl: '&>',
  adj: '-|-',
}
const TEXT_SEARCH: Readonly<Record<string, string>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
}

/** A column or the place in its JSON (of a list: the list as JSON); `->>` is text, `->` JSON. */
export function planPath(scope: PlanScope, path: Path): SQL {
  const field = fieldOf(scope, path)
  let expression = column(scope, path.field)
  if (path.json.length > 0 && (field.list || field.type !== 'json')) expression = sql`to_jsonb(${expression})`
  for (const { arrow, key } of path.json) {
    const step = typeof key === 'number' ? sql.raw(String(key)) : sql.raw(`'${key.replaceAll("'", "''")}'`)
    expression = sql`${expression}${sql.raw(arrow)}${step}`
  }
  return path.json.length === 0 ? expression : sql`(${expression})`
}

function pathType(scope: PlanScope, path: Path): string {
  const last = path.json.at(-1)
  if (last) return last.arrow === '->>' ? 'text' : 'jsonb'
  const field = fieldOf(scope, path)
  return physicalType(field.type, field.list)
}

function fieldOf(scope: PlanScope, path: Path): CompiledField {
  const field = scope.entity.compiled.fields[path.field]
  invariant(field, `no field ${path.field}`)
  return field
}
