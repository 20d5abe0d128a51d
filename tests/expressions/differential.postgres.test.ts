/** The same expression over the same row comes to the same in JS and in Postgres, or to an error in both. */
import type { Expression } from '@backsaas/core'
import { compileExpression, ExpressionProblem } from '@backsaas/core/cel'
import { childrenOf, ExpressionError, type JsEnvironment, mayRaise, toJs, type Value } from '@backsaas/core/expression'
import { expect, test } from 'vitest'
import { AUTHORED } from './authored-expressions.ts'
import { canon, isSame } from './canonical.ts'
import { createRandom, type Random } from './random.ts'
import { randomExpression, WANTED } from './random-expressions.ts'
import {
  createSampleDatabase,
  ERROR,
  type Results,
  renderSql,
  type SampleDatabase,
  VARIABLES,
} from './sample-database.ts'
import { ENTITIES, randomRow, SPECIAL_ROWS } from './sample-schema.ts'

const SEED = Number(process.env.BACKSAAS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const EXPRESSIONS = Number(process.env.BACKSAAS_TEST_EXPRESSIONS ?? 1200)
const ROWS = 12
const BATCH = 100
/** What makes an expression no author's: constants that always fail, or more than is allowed. */
const NO_EXPRESSION = [
  ...['ALWAYS_FAILS', 'ALWAYS_NULL', 'ALWAYS_TRUE', 'EXPRESSION_TOO_DEEP', 'EXPRESSION_TOO_LARGE'],
  ...['UNKNOWN_VALUE', 'BAD_LITERAL'],
]

interface Sample {
  readonly source: string
  readonly tree: Expression
}

test(`${EXPRESSIONS} expressions over ${ROWS} rows come to the same in JS and in Postgres (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  const rows = Array.from({ length: ROWS }, (_, index) => ({ ...randomRow(random), ...SPECIAL_ROWS[index] }))
  const parents = rows.map(() => (random.chance(0.3) ? null : random.below(ROWS)))
  const database = await createSampleDatabase(rows, parents)
  const seen = new Map<string, number>()
  let [pairs, values, errors, nulls] = [0, 0, 0, 0]
  try {
    for (let done = 0; done < EXPRESSIONS; done += BATCH) {
      const samples = done === 0 ? AUTHORED.map(compiled) : Array.from({ length: BATCH }, () => sample(random))
      const { results, conditions, now } = await database.evaluate(samples.map(({ tree }) => tree))
      for (const [index, { source, tree }] of samples.entries()) {
        count(tree, seen)
        const outcomes = compare(database, source, tree, results[index], now)
        compareCondition(source, outcomes, conditions[index])
        pairs += outcomes.length
        errors += outcomes.filter((outcome) => outcome === 'error').length
        nulls += outcomes.filter((outcome) => outcome === null).length
      }
    }
    values = pairs - errors - nulls
  } finally {
    await database.drop()
  }
  console.info(`seed ${SEED}: ${pairs} pairs: ${values} values, ${nulls} nulls, ${errors} errors`)
  expect(pairs).toBe((EXPRESSIONS - BATCH + AUTHORED.length) * ROWS)
  expect(values).toBeGreaterThan(pairs / 4)
  expect(errors).toBeGreaterThan(pairs / 100)
  expect(CALLS.filter((call) => !seen.has(call))).toEqual([])
})

/** Everything that both sides know; `matches` and `changed` are JS alone. */
const CALLS = [
  ...['&&', '||', '!', '?:', 'coalesce', 'isNull', 'isNotNull', '==', '!=', '<', '<=', '>', '>=', 'in'],
  ...[
    '+',
    '-',
    '*',
    '/',
    '%',
    'negate',
    'int',
    'decimal',
    'double',
    'string',
    'bool',
    'uuid',
    'date',
    'timestamp',
    'json',
  ],
  ...['size', 'contains', 'startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'trim', 'split', 'join', 'replace'],
  ...['substring', 'indexOf', 'charAt', 'abs', 'ceil', 'floor', 'round', 'greatest', 'least', 'now', 'index'],
  ...['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear'],
  ...['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'],
  ...['literal', 'list', 'field', 'related', 'variable', 'input', 'element', 'relation', 'each'],
]

function compiled(source: string): Sample {
  return { source, tree: compileExpression(source, { entities: ENTITIES, entity: 'items', use: 'check' }).tree }
}

function sample(random: Random): Sample {
  for (;;) {
    const source = randomExpression(random, random.pick(WANTED), 1 + random.below(4))
    try {
      const { tree } = compiled(source)
      // Rows of a relation come in no order, so that which of them raises first is nobody's promise.
      if (!raisesInRelation(tree)) return { source, tree }
    } catch (error) {
      if (!(error instanceof ExpressionProblem) || !NO_EXPRESSION.includes(error.code)) {
        throw new Error(`seed ${SEED}: ${source}`, { cause: error })
      }
    }
  }
}

function raisesInRelation(tree: Expression): boolean {
  return (tree.node === 'relation' && mayRaise(tree.where)) || childrenOf(tree).some(raisesInRelation)
}

function count(tree: Expression, seen: Map<string, number>): void {
  const name = tree.node === 'call' ? tree.call : tree.node
  seen.set(name, (seen.get(name) ?? 0) + 1)
  for (const child of childrenOf(tree)) count(child, seen)
}

/** @returns what each row came to: a text, null, or `error`. @throws where the two differ, with all that repeats it. */
function compare(
  database: SampleDatabase,
  source: string,
  tree: Expression,
  results: Results | undefined,
  now: bigint,
): (string | null)[] {
  const evaluate = toJs(tree)
  return database.rows.map((row, id) => {
    const js = outcomeOf(() => evaluate(environmentOf(database, id, now)))
    const postgres = results instanceof Map ? (results.get(id) ?? null) : JSON.stringify(results)
    const isEqual =
      results instanceof Map &&
      (js === ERROR || postgres === ERROR ? js === postgres : isSame(tree.type, postgres, js as Value))
    if (!isEqual) {
      const found = js === ERROR ? 'error' : canon(tree.type, js as Value)
      throw new Error(
        `seed ${SEED}\n${source}\nPostgres: ${postgres}\nJS:       ${found}\n${renderSql(tree)}\n${JSON.stringify(row)}`,
      )
    }
    return js === ERROR ? 'error' : postgres
  })
}

/** A condition of a `where` passes the rows where it is true, and raises where it raises anywhere. */
function compareCondition(
  source: string,
  outcomes: readonly (string | null)[],
  passes: Results | null | undefined,
): void {
  if (!passes) return
  const found = passes instanceof Map ? [...outcomes.keys()].map((id) => passes.get(id)) : passes
  const expected = outcomes.map((outcome) => (outcome === 'error' ? ERROR : String(outcome === 'true')))
  if (JSON.stringify(found) === JSON.stringify(expected)) return
  throw new Error(
    `seed ${SEED}\n${source}\nas a condition: ${JSON.stringify(found)}\nas a value:     ${JSON.stringify(expected)}`,
  )
}

function outcomeOf(evaluate: () => Value): Value | typeof ERROR {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof ExpressionError) return ERROR
    throw error
  }
}

function environmentOf({ rows }: SampleDatabase, id: number, now: bigint): JsEnvironment {
  const row = rows[id] ?? {}
  return {
    row,
    input: rows[rows.length - 1 - id] ?? null,
    variables: VARIABLES,
    related: () => rows.find((other) => other.id === row.parent_id) ?? null,
    rows: () => rows.filter((other) => other.parent_id === row.id),
    now,
  }
}
