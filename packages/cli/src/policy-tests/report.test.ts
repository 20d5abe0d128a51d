import type { Expectation, PolicyTest } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { expect, test } from 'vitest'
import { reportJson } from './report-json.ts'
import { reportJunit } from './report-junit.ts'
import { reportPretty } from './report-pretty.ts'
import type { RunResult, TestResult } from './result.ts'

const text = 'schema: crm\nentities:\n  contacts:\n    fields: { email: { type: string } }\n'
const suite = { file: 'crm.test.yaml', schema: { file: 'crm.yaml', text, compiled: compileSchema(text) }, tests: [] }
const place = { pointer: '/tests/0/matrix/contacts', line: 7, column: 9 }
const expectation: Expectation = {
  principal: 'sal',
  action: 'read',
  entity: 'contacts',
  allowed: true,
  row: { fixture: 0 },
  place,
}
const policyTest: PolicyTest = {
  name: 'a <name> & "quotes" ]]> \u0001',
  place,
  fixtures: [{ entity: 'contacts', label: 'mine', values: {} }],
  principals: {},
  expectations: [expectation],
}

function run(more: Partial<TestResult>): RunResult {
  return { durationMs: 1234, tests: [{ suite, test: policyTest, results: [], error: null, durationMs: 5, ...more }] }
}

const failed = run({
  results: [
    {
      expectation,
      passed: false,
      verdict: { access: 'deny', request: 'GET contacts/1 → 404 PGRST116', detail: 'no such row' },
      explanation: {
        reason: 'the caller does not see the row',
        rules: [
          {
            pointer: '/entities/contacts/access/sales/read',
            place: { line: 3, column: 5 },
            effect: 'allow',
            role: 'sales',
            where: "owner_id == '<me>'",
            fields: null,
            check: null,
            holds: false,
          },
        ],
      },
    },
  ],
})

test('people see what was expected, what came, where it stands, and the rule', () => {
  expect(reportPretty(failed, false).split('\n')).toEqual([
    'crm.test.yaml',
    `  ✗ ${policyTest.name} (1 of 1 failed)`,
    '',
    '      contacts        read             create  update  delete',
    '      sal       mine  deny, not allow  ·       ·       ·',
    '',
    '      sal read contacts (mine)',
    '        expected allow, got deny',
    '        at crm.test.yaml:7:9 (/tests/0/matrix/contacts)',
    '        GET contacts/1 → 404 PGRST116',
    '        no such row',
    '        because the caller does not see the row',
    `          allow sales where "owner_id == '<me>'" → does not hold (crm.yaml:3:5)`,
    '',
    '',
    '1 failed: 1 expectation in 1 test, 1.2 s',
  ])
  expect(reportPretty(failed, true)).toContain('\u001b[31m')
})

test('what cannot be set up is a failure, and nothing of it passes', () => {
  const broken = run({ error: 'a row of contacts cannot be put in' })
  expect(reportPretty(broken, false)).toContain('at crm.test.yaml:7:9')
  expect(JSON.parse(reportJson(broken))).toMatchObject({ passed: false, failed: 1, expectations: 1 })
  expect(elements(reportJunit(broken))).toContain('error')
})

test('JSON names the place of the expectation and of the rules', () => {
  const { tests, ...totals } = JSON.parse(reportJson(failed))
  expect(totals).toEqual({ passed: false, expectations: 1, failed: 1, durationMs: 1234 })
  expect(tests[0].expectations[0]).toMatchObject({
    row: 'mine',
    expected: 'allow',
    got: 'deny',
    file: 'crm.test.yaml',
    line: 7,
    column: 9,
    explanation: { rules: [{ place: '/entities/contacts/access/sales/read', line: 3, column: 5, holds: false }] },
  })
})

test('JUnit is well-formed, whatever names hold', () => {
  const xml = reportJunit(failed)
  expect(elements(xml)).toEqual(['testsuites', 'testsuite', 'testcase', 'failure'])
  expect(xml).toContain('<testsuites name="backsaas test" tests="1" failures="1" errors="0" time="1.234">')
  expect(xml).not.toContain('\u0001')
  expect(elements(reportJunit(run({})))).toEqual(['testsuites', 'testsuite'])
})

/** The elements of a document in order; throws where it is not well-formed. */
function elements(xml: string): readonly string[] {
  const names: string[] = []
  const open: string[] = []
  const rest = xml.replace(
    /<\?xml [^<>]*\?>|<(\/?)([a-z]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/g,
    (_whole, end: string, name: string | undefined, _attributes, alone: string) => {
      if (name === undefined) return ''
      if (end) {
        if (open.pop() !== name) throw new Error(`</${name}> closes nothing`)
      } else {
        names.push(name)
        if (!alone) open.push(name)
      }
      return ''
    },
  )
  if (open.length > 0 || /[<>]|&(?!(?:amp|lt|gt|quot|#\d+);)/.test(rest + xml.replace(/<[^>]*>/g, '')))
    throw new Error(`not well-formed: ${rest}`)
  for (const [, value] of xml.matchAll(/="([^"]*)"/g))
    if (/&(?!(?:amp|lt|gt|quot|#\d+);)/.test(value ?? '')) throw new Error('a bare &')
  return names
}
