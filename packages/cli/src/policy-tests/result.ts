/** What a run of policy tests comes to. */
import type { Expectation, Place, PolicyTest } from '@backsaas/core'
import type { ToldRule } from './ask-explanation.ts'
import type { Suite } from './suite.ts'

export interface RunResult {
  readonly tests: readonly TestResult[]
  readonly durationMs: number
}

export interface TestResult {
  readonly suite: Suite
  readonly test: PolicyTest
  /** Those that were tried: none where the test could not be set up. */
  readonly results: readonly ExpectationResult[]
  /** Why the test could not be set up. */
  readonly error: string | null
  readonly durationMs: number
}

export interface ExpectationResult {
  readonly expectation: Expectation
  readonly passed: boolean
  readonly verdict: Verdict
  /** Of one that failed. */
  readonly explanation: Explanation | null
}

/**
 * What the requests were answered: done or seen; not, because of the rules; some of the fields only; something else, from which
 * nothing follows.
 */
export type Access = 'allow' | 'deny' | 'partly' | 'unclear'

export interface Verdict {
  readonly access: Access
  /** The deciding request and its answer: `PATCH contacts/018f… → 404 PGRST116`. */
  readonly request: string
  readonly detail: string | null
}

/** What `explain_access` says. */
export interface Explanation {
  readonly reason: string
  readonly rules: readonly ExplainedRule[]
}

export interface ExplainedRule extends Omit<ToldRule, 'place'> {
  /** A JSON pointer into the schema. */
  readonly pointer: string
  /** Where that is in the schema's file; null where it is not known. */
  readonly place: Pick<Place, 'line' | 'column'> | null
}

/** Expectations that did not hold, and tests that could not be set up. */
export function failuresOf({ tests }: RunResult): number {
  return tests.reduce(
    (sum, { results, error }) => sum + results.filter(({ passed }) => !passed).length + (error ? 1 : 0),
    0,
  )
}

export function expectationsOf({ tests }: RunResult): number {
  return tests.reduce((sum, { test }) => sum + test.expectations.length, 0)
}

/** How people call the row of an expectation: a fixture's label or number, or the values that make it; null where there is none. */
export function rowName({ row, entity }: Expectation, { fixtures }: PolicyTest): string | null {
  if (!row) return null
  if ('values' in row) return JSON.stringify(row.values)
  const own = fixtures.flatMap((fixture, index) => (fixture.entity === entity ? [index] : []))
  return fixtures[row.fixture]?.label ?? `#${own.indexOf(row.fixture) + 1}`
}
