import { describe, expect, test } from 'vitest'
import type { Event } from '../contracts/event.ts'
import { MAX_EVENT_BYTES, readEvent } from './read-event.ts'
import { createSequence } from './sequence.ts'

const EVENT: Event = {
  specversion: '1.0',
  id: '018f0000-0000-7000-8000-0000000000aa',
  source: '/registry',
  type: 'schema.updated.compatible',
  subject: '018f0000-0000-7000-8000-0000000000bb',
  time: '2024-01-01T00:00:00.123456Z',
  datacontenttype: 'application/json',
  data: { new_version: 2 },
  tenantid: '018f0000-0000-7000-8000-0000000000cc',
  position: 7,
}

describe('an event over a bus', () => {
  test('is read as it was written, with or without what is optional', () => {
    expect(readEvent(JSON.stringify(EVENT))).toEqual(EVENT)
    const { subject, position, ...least } = EVENT
    expect(readEvent(JSON.stringify(least))).toEqual(least)
    const pointer = { ...EVENT, data: null, dataref: '/rest/v1/events?id=eq.1' }
    expect(readEvent(JSON.stringify(pointer))).toEqual(pointer)
  })

  test('that brings more than the contract knows leaves it behind', () => {
    const text = JSON.stringify(EVENT).replace('{', '{"__proto__":{"admin":true},"constructor":1,"traceparent":"x",')
    const event = readEvent(text)
    expect(event).toEqual(EVENT)
    expect(Object.keys(event).sort()).toEqual(Object.keys(EVENT).sort())
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype)
  })

  const wrong: Readonly<Record<string, unknown>> = {
    specversion: ['0.3', 1, null],
    id: ['', 'a:b', '*', 5, '018f0000', { $ne: null }],
    source: ['', null, 'x'.repeat(501)],
    type: ['', '*', 'a b', 'Schema.created', '__proto__', 'x'.repeat(201), 3],
    subject: [null, '', 'x'.repeat(501), []],
    time: ['', 'now', '2024-01-01', 1704067200, `2024-01-01T00:00:00.${'1'.repeat(10_000)}Z`],
    datacontenttype: ['text/html', null],
    data: [undefined],
    tenantid: ['', '*', 'a:b', 'acme', "018f0000-0000-7000-8000-0000000000cc' or 1=1", 1],
    dataref: ['', 5, null],
    position: [0, -1, 1.5, '7', null, 1e300],
  }

  test.each(Object.entries(wrong).flatMap(([key, values]) => (values as unknown[]).map((value) => [key, value])))(
    'with %s %j is refused',
    (key, value) => {
      const text = JSON.stringify({ ...EVENT, [String(key)]: value })
      expect(() => readEvent(text)).toThrow(expect.objectContaining({ code: 'EVENT_MALFORMED' }))
    },
  )

  test.each([
    '',
    'x',
    'null',
    '[]',
    '1',
    '"text"',
    '{}',
    '['.repeat(200_000),
    `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ' '.repeat(MAX_EVENT_BYTES + 1),
  ])('a message that is none is refused: %#', (text) => {
    expect(() => readEvent(text)).toThrow(expect.objectContaining({ code: 'EVENT_MALFORMED' }))
  })
})

test('positions tell of what is missing, not of what is sent again', () => {
  const { skips, forget } = createSequence()
  const at = (position?: number): boolean => skips({ ...EVENT, position } as Event)
  expect([at(5), at(6), at(undefined), at(7), at(9), at(8), at(9), at(10)].map(Number)).toEqual([
    0, 0, 0, 0, 1, 0, 0, 0,
  ])
  expect([at(9_007_199_254_740_991), at(11), at(12)]).toEqual([true, false, false])
  forget()
  expect(at(40)).toBe(false)
})
