/** A failed expectation in words: what was expected, what came, where it stands, which rules decided. */
import { expectedOf } from './report-json.ts'
import { type ExpectationResult, type ExplainedRule, rowName, type TestResult } from './result.ts'

/** `sales update contacts (theirs)`. */
export function expectationTitle(
  { expectation }: Pick<ExpectationResult, 'expectation'>,
  { test }: Pick<TestResult, 'test'>,
): string {
  const { principal, action, entity, input, fields } = expectation
  const row = rowName(expectation, test)
  const parts = [
    row === null ? [] : [`(${row})`],
    input ? [`with ${JSON.stringify(input)}`] : [],
    fields ? [`fields ${fields.join(', ')}`] : [],
  ].flat()
  return [principal, action, entity, ...parts].join(' ')
}

/** The lines behind the title. */
export function failureLines(
  { expectation, verdict, explanation }: ExpectationResult,
  { suite }: TestResult,
): readonly string[] {
  const { line, column, pointer } = expectation.place
  return [
    `expected ${expectedOf(expectation)}, got ${verdict.access}`,
    `at ${suite.file}:${line}:${column} (${pointer})`,
    ...(verdict.request === '' ? [] : [verdict.request]),
    ...(verdict.detail === null ? [] : [verdict.detail]),
    ...(explanation ? [`because ${explanation.reason}`] : []),
    ...(explanation?.rules ?? []).map((rule) => `  ${ruleLine(rule, suite.schema.file)}`),
  ]
}

function ruleLine({ pointer, place, effect, role, where, fields, check, holds }: ExplainedRule, file: string): string {
  const at = place ? `${file}:${place.line}:${place.column}` : pointer
  const parts = [
    where === null ? [] : [`where ${JSON.stringify(where)}`],
    check === null ? [] : [`check ${JSON.stringify(check)}`],
    fields === null ? [] : [`fields ${fields.join(', ')}`],
  ].flat()
  const state = holds === null ? 'not known' : holds ? 'holds' : 'does not hold'
  return [`${effect} ${role}`, ...parts, `→ ${state}`, `(${at})`].join(' ')
}
