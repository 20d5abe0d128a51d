/** The result as JUnit's XML, as CI systems read it: a suite for each test, a case for each expectation. */
import { expectationTitle, failureLines } from './describe-failure.ts'
import { expectedOf } from './report-json.ts'
import { type ExpectationResult, expectationsOf, failuresOf, type RunResult, type TestResult } from './result.ts'

export function reportJunit(run: RunResult): string {
  const errors = run.tests.filter(({ error }) => error !== null).length
  const totals = attributes({
    tests: expectationsOf(run),
    failures: failuresOf(run) - errors,
    errors,
    time: seconds(run.durationMs),
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="backsaas test"${totals}>`,
    ...run.tests.flatMap(suiteLines),
    '</testsuites>',
  ].join('\n')
}

function suiteLines(test: TestResult): readonly string[] {
  const { results, error, suite, durationMs } = test
  const totals = attributes({
    name: test.test.name,
    tests: Math.max(results.length, error === null ? 0 : 1),
    failures: results.filter(({ passed }) => !passed).length,
    errors: error === null ? 0 : 1,
    time: seconds(durationMs),
    file: suite.file,
  })
  const setUp =
    error === null
      ? []
      : [
          caseOpen('set up', test, test.test.place.line),
          `      <error message="${escaped(error)}"/>`,
          '    </testcase>',
        ]
  return [`  <testsuite${totals}>`, ...setUp, ...results.flatMap((result) => caseLines(result, test)), '  </testsuite>']
}

function caseLines(result: ExpectationResult, test: TestResult): readonly string[] {
  const title = `${expectationTitle(result, test)}: ${expectedOf(result.expectation)}`
  const open = caseOpen(title, test, result.expectation.place.line)
  if (result.passed) return [`${open.slice(0, -1)}/>`]
  const [message = '', ...rest] = failureLines(result, test)
  return [open, `      <failure message="${escaped(message)}">${escaped(rest.join('\n'))}</failure>`, '    </testcase>']
}

function caseOpen(name: string, { suite, test }: TestResult, line: number): string {
  return `    <testcase${attributes({ name, classname: test.name, file: suite.file, line })}>`
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

/** What XML 1.0 has no place for is left out. */
function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\n', '&#10;')
      .replaceAll('\r', '&#13;')
      .replaceAll('\t', '&#9;')
  )
}
