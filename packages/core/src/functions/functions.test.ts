import * as v from 'valibot'
import { expect, test } from 'vitest'
import { defineFunction } from '../contracts/function.ts'
import type { JsonObject } from '../contracts/json.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import { collectEvents } from './collect-events.ts'
import { effectiveSettings } from './effective-settings.ts'
import { caseFault, runCase } from './function-case.ts'
import { limitedHttp } from './limited-http.ts'
import { mergeSettings } from './merge-settings.ts'

const upper = defineFunction({
  name: 'test.upper',
  kind: 'transform',
  needs: 'pure',
  description: 'Capitals.',
  params: v.strictObject({ max: v.optional(v.number()) }),
  settings: v.strictObject({ locale: v.string(), more: v.optional(v.number()) }),
  hosts: (settings) => [`${(settings as { locale: string }).locale}.example.com`],
  run: (_, value, { max }) => String(value).slice(0, max).toUpperCase(),
})

test('a tenant settles over the schema, member by member', () => {
  expect(mergeSettings({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3], e: 2 }, d: null })).toEqual({
    a: { b: 1, c: [3], e: 2 },
  })
  expect(mergeSettings({}, JSON.parse('{"__proto__":{"polluted":1}}') as JsonObject)).not.toHaveProperty('polluted')
  expect(Object.prototype).not.toHaveProperty('polluted')
  const row = { function: 'test.upper', settings: { locale: 'de' }, timeout_ms: 200, attempts: 2, enabled: true }
  const settle = (more: JsonObject) => effectiveSettings(upper, { locale: 'en' }, [{ ...row, ...more }])
  expect(settle({})).toEqual({ settings: { locale: 'de' }, timeoutMs: 200, attempts: 2 })
  expect(effectiveSettings(upper, { locale: 'en' }, [])).toMatchObject({ settings: { locale: 'en' }, timeoutMs: null })
  expect(() => settle({ settings: { more: 'x' } })).toThrow(expect.objectContaining({ code: 'FUNCTION_SETTINGS' }))
  expect(() => settle({ settings: { unknown: 1 } })).toThrow(expect.objectContaining({ code: 'FUNCTION_SETTINGS' }))
  expect(() => settle({ enabled: false })).toThrow(expect.objectContaining({ code: 'FUNCTION_OFF' }))
})

test('events have types that are free, a size and a number', () => {
  const into: OutgoingEvent[] = []
  const events = collectEvents(into)
  events.publish('order.paid', { id: 1 }, 'orders/1')
  events.schedule(5, 'order.late', null)
  expect(into).toEqual([
    { type: 'order.paid', data: { id: 1 }, subject: 'orders/1', atMs: null },
    { type: 'order.late', data: null, subject: null, atMs: 5 },
  ])
  for (const type of ['tenant.suspended', 'record.created', 'policy.updated', 'order', 'Order.paid', 'a.b*', ''])
    expect(() => events.publish(type, 1)).toThrow('not free')
  expect(() => events.publish('a.b', 'x'.repeat(70_000))).toThrow('65536')
  expect(() => events.schedule(Number.NaN, 'a.b', 1)).toThrow('time')
  expect(() => {
    for (let i = 0; i < 1_000; i++) events.publish('a.b', 1)
  }).toThrow('1000')
})

test('a function reaches the hosts that it names', async () => {
  const asked: unknown[] = []
  const http = limitedHttp(
    async (request) => {
      asked.push(request.hosts)
      return { status: 200, headers: {}, body: '', truncated: false }
    },
    upper,
    { locale: 'de' },
  )
  await http({ url: 'https://de.example.com' })
  expect(asked).toEqual([['de.example.com']])
})

test('cases say what came instead', async () => {
  const run = (more: JsonObject) => runCase(upper, { use: 'test.upper', input: 'abc', ...more })
  expect(await run({ expect: 'ABC' })).toMatchObject({ passed: true, reason: null })
  expect(await run({ expect: 'abc' })).toMatchObject({ passed: false, reason: 'expected "abc", got "ABC"' })
  expect(await run({ with: { max: 'x' }, expect: 'A' })).toMatchObject({ passed: false })
  expect(await run({ refuses: 'x' })).toMatchObject({ passed: false, reason: 'expected a refusal x, got "ABC"' })
  expect(caseFault({ use: 'a', expect: 1, refuses: 'b' })).toContain('one of')
  expect(caseFault({ use: 'a' })).toContain('one of')
  expect(caseFault({ use: 'a', expcet: 1 })).toContain('expcet')
  expect(caseFault([])).toContain('object')
  expect(caseFault({ use: 'a', expect: null })).toBeNull()
})
