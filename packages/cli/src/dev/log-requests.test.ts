/** What each form of the log has in it. */
import type { Observation } from '@backsaas/core'
import { expect, test } from 'vitest'
import { LOG_FORMS, type LogForm, logRequests } from './log-requests.ts'

const SEEN: readonly Observation[] = [
  { kind: 'stage', requestId: 'r', stage: 'plan', durationMs: 1 },
  { kind: 'request', requestId: 'r', method: 'GET', path: '/rest/v1/a', status: 200, durationMs: 2, tenant: 'acme' },
  { kind: 'error', code: 'LOST', error: new Error('gone') },
]

function log(form: LogForm): { readonly out: readonly string[]; readonly err: readonly string[] } {
  const [out, err]: [string[], string[]] = [[], []]
  const io = {
    env: {},
    isTty: false,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    untilStopped: async () => {},
  }
  const observe = logRequests(form, io)
  for (const observation of SEEN) observe(observation)
  return { out, err }
}

test('in JSON there is everything, or all but the stages', () => {
  const kinds = (form: LogForm) => log(form).out.map((line) => JSON.parse(line).kind)
  expect(kinds('json')).toEqual(['stage', 'request', 'error'])
  expect(kinds('requests')).toEqual(['request', 'error'])
})

test('for people a request is a line', () => {
  expect(log('text').out).toEqual([expect.stringMatching(/ 200 GET \/rest\/v1\/a 2\.0 ms acme$/)])
  expect(log('none').out).toEqual([])
})

test('an error is in every form', () => {
  for (const form of LOG_FORMS) {
    const { out, err } = log(form)
    expect([...out, ...err].filter((line) => line.includes('LOST'))).toHaveLength(1)
  }
})
