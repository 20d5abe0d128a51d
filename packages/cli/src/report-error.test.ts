/** Errors as people and programs read them. */
import { BackSaasError } from '@backsaas/core'
import { SchemaProblems } from '@backsaas/core/language'
import { expect, test } from 'vitest'
import { reportError } from './report-error.ts'

function report(error: unknown, asJson: boolean, env: Readonly<Record<string, string>> = {}): string[] {
  const lines: string[] = []
  const io = { env, isTty: false, out: () => {}, err: (line: string) => lines.push(line), untilStopped: async () => {} }
  reportError(error, io, asJson)
  return lines
}

const busy = new BackSaasError('PORT_IN_USE', 409, 'port 1 is in use', { hint: 'set PORT' })
const problem = {
  pointer: '/entities/a',
  line: 3,
  column: 5,
  code: 'UNKNOWN_TYPE',
  message: 'no such type',
  hint: 'string?',
}

test('an error is one line, with what to do', () => {
  expect(report(busy, false)).toEqual(['backsaas: port 1 is in use (set PORT)'])
  expect(report(new Error('first\nsecond'), false)).toEqual(['backsaas: first'])
})

test('problems of a schema are shown with their places', () => {
  expect(report(new SchemaProblems([problem]), false)).toEqual([
    'backsaas: the schema has 1 problem',
    '3:5  UNKNOWN_TYPE  no such type  (/entities/a)',
    '      string?',
  ])
})

test('in JSON it is one object', () => {
  const lines = report(new SchemaProblems([problem]), true)
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { error: { code: 'SCHEMA_INVALID', errors: [problem] } },
  ])
  expect(report(new Error('x'), true)).toEqual(['{"error":{"code":"FAILED","message":"x"}}'])
})

test('the stack is shown to who asks for it', () => {
  expect(report(busy, false, { BACKSAAS_DEBUG: '1' }).join('\n')).toContain('report-error.test.ts')
  expect(report(busy, false).join('\n')).not.toContain('report-error.test.ts')
})
