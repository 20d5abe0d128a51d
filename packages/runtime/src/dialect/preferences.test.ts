import { expect, test } from 'vitest'
import { readAccept } from './media.ts'
import { readPreferences } from './preferences.ts'

test('reads what it knows and tells what it applied', () => {
  expect(readPreferences('return=representation, count=exact, max-affected=3, foo=bar')).toMatchObject({
    return: 'representation',
    count: 'exact',
    maxAffected: 3,
    applied: ['return=representation', 'count=exact', 'max-affected=3'],
  })
})

test('the first of two values holds', () => {
  expect(readPreferences('return=minimal, return=representation').return).toBe('minimal')
})

test('strict handling refuses what it does not know', () => {
  expect(() => readPreferences('handling=strict, foo=bar')).toThrow(
    expect.objectContaining({ code: 'PGRST122', details: 'Invalid preferences: foo=bar' }),
  )
  expect(readPreferences('handling=lenient, foo=bar').applied).toEqual(['handling=lenient'])
})

test('media types by quality, and none refused', () => {
  expect(readAccept('application/vnd.pgrst.object+json').singular).toBe(true)
  expect(readAccept('text/html, application/json;q=0.5').singular).toBe(false)
  expect(() => readAccept('text/html')).toThrow(expect.objectContaining({ code: 'PGRST107', status: 406 }))
})
