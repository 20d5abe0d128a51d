/** The result for people: a line for each test, of those that failed a grid of who may do what, and why not. */
import { styleText } from 'node:util'
import type { Action } from '@backsaas/core'
import { expectationTitle, failureLines } from './describe-failure.ts'
import {
  type ExpectationResult,
  expectationsOf,
  failuresOf,
  type RunResult,
  rowName,
  type TestResult,
} from './result.ts'

type Colour = 'green' | 'red' | 'dim' | 'bold'
type Paint = (colour: Colour, text: string) => string

const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']

/** @param isColoured whether a terminal shows it. */
export function reportPretty(run: RunResult, isColoured: boolean): string {
  const paint: Paint = (colour, text) => (isColoured ? styleText(colour, text, { validateStream: false }) : text)
  const files = Map.groupBy(run.tests, ({ suite }) => suite.file)
  const lines = [...files].flatMap(([file, tests]) => [
    paint('bold', file),
    ...tests.flatMap((test) => testLines(test, paint)),
    '',
  ])
  return [...lines, summary(run, paint)].join('\n')
}

function summary(run: RunResult, paint: Paint): string {
  const failed = failuresOf(run)
  const [expectations, tests] = [expectationsOf(run), run.tests.length]
  const took = `${(run.durationMs / 1000).toFixed(1)} s`
  const of = `${plural(expectations, 'expectation')} in ${plural(tests, 'test')}, ${took}`
  return failed === 0 ? paint('green', `all hold: ${of}`) : paint('red', `${failed} failed: ${of}`)
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function testLines(test: TestResult, paint: Paint): readonly string[] {
  const { results, error } = test
  const name = test.test.name
  const { line, column } = test.test.place
  if (error !== null)
    return [`  ${paint('red', '✗')} ${name}`, `      ${error}`, `      at ${test.suite.file}:${line}:${column}`]
  const failed = results.filter(({ passed }) => !passed)
  if (failed.length === 0) return [`  ${paint('green', '✓')} ${name} ${paint('dim', `(${results.length})`)}`]
  return [
    `  ${paint('red', '✗')} ${name} (${failed.length} of ${results.length} failed)`,
    ...grids(test, paint).map((row) => (row === '' ? row : `      ${row}`)),
    ...failed.flatMap((result) => [
      '',
      `      ${paint('red', expectationTitle(result, test))}`,
      ...failureLines(result, test).map((text) => `        ${text}`),
    ]),
    '',
  ]
}

interface Row {
  readonly principal: string
  readonly name: string
  readonly cells: Partial<Record<Action, ExpectationResult>>
}

/** For each entity with a failure: principal × row × action. */
function grids(test: TestResult, paint: Paint): readonly string[] {
  const byEntity = Map.groupBy(test.results, ({ expectation }) => expectation.entity)
  return [...byEntity].flatMap(([entity, results]) =>
    results.some(({ passed }) => !passed) ? ['', ...grid(entity, rowsOf(results, test), paint)] : [],
  )
}

/** Attempts of one action on one row may differ in what they give: each has a row of its own. */
function rowsOf(results: readonly ExpectationResult[], { test }: TestResult): readonly Row[] {
  const rows: Row[] = []
  for (const result of results) {
    const { principal, action } = result.expectation
    const name = clipped(rowName(result.expectation, test) ?? '')
    const found = rows.find((row) => row.principal === principal && row.name === name && !row.cells[action])
    if (found) found.cells[action] = result
    else rows.push({ principal, name, cells: { [action]: result } })
  }
  return rows
}

function clipped(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

function grid(entity: string, rows: readonly Row[], paint: Paint): readonly string[] {
  const principals = width([entity, ...rows.map(({ principal }) => principal)])
  const names = width(rows.map(({ name }) => name))
  const cells = (row: Row): readonly string[] => ACTIONS.map((action) => cellText(row.cells[action]))
  const widths = ACTIONS.map((action, i) => width([action, ...rows.map((row) => cells(row)[i] ?? '')]))
  const head = [
    entity.padEnd(principals),
    ''.padEnd(names),
    ...ACTIONS.map((action, i) => action.padEnd(widths[i] ?? 0)),
  ]
  return [
    paint('bold', head.join('  ').trimEnd()),
    ...rows.map((row) => {
      const painted = cells(row).map((text, i) => {
        const result = row.cells[ACTIONS[i] as Action] // as many cells as actions
        const padded = text.padEnd(widths[i] ?? 0)
        return result && !result.passed ? paint('red', padded) : paint('dim', padded)
      })
      return [row.principal.padEnd(principals), row.name.padEnd(names), ...painted].join('  ').trimEnd()
    }),
  ]
}

function width(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length))
}

/** What came; where it failed also what was to come. */
function cellText(result: ExpectationResult | undefined): string {
  if (!result) return '·'
  const { passed, verdict, expectation } = result
  return passed ? verdict.access : `${verdict.access}, not ${expectation.allowed ? 'allow' : 'deny'}`
}
