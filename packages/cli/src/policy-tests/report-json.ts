/** The result as one JSON object, as docs/policy-tests.md describes it. */
import type { Expectation } from '@backsaas/core'
import {
  type ExpectationResult,
  expectationsOf,
  failuresOf,
  type RunResult,
  rowName,
  type TestResult,
} from './result.ts'

export function reportJson(run: RunResult): string {
  const failed = failuresOf(run)
  return JSON.stringify({
    passed: failed === 0,
    expectations: expectationsOf(run),
    failed,
    durationMs: Math.round(run.durationMs),
    tests: run.tests.map(reportTest),
  })
}

function reportTest(result: TestResult): object {
  const { suite, test, error, durationMs } = result
  const { pointer, line, column } = test.place
  return {
    file: suite.file,
    schema: suite.schema.file,
    name: test.name,
    ...{ pointer, line, column },
    durationMs: Math.round(durationMs),
    error,
    expectations: result.results.map((one) => reportExpectation(one, result)),
  }
}

function reportExpectation(
  { expectation, passed, verdict, explanation }: ExpectationResult,
  { suite, test }: TestResult,
): object {
  const { principal, action, entity, allowed, input, fields, place } = expectation
  return {
    ...{ principal, action, entity, row: rowName(expectation, test), input: input ?? null, fields: fields ?? null },
    expected: expectedOf(expectation),
    got: verdict.access,
    passed,
    ...{ file: suite.file, pointer: place.pointer, line: place.line, column: place.column },
    request: verdict.request,
    detail: passed && allowed ? null : verdict.detail,
    explanation: explanation && {
      reason: explanation.reason,
      rules: explanation.rules.map(({ pointer, place: at, ...rule }) => {
        return { place: pointer, line: at?.line ?? null, column: at?.column ?? null, ...rule }
      }),
    },
  }
}

export function expectedOf({ allowed }: Expectation): 'allow' | 'deny' {
  return allowed ? 'allow' : 'deny'
}
