import { type CompiledField, patternMatcher } from '@backsaas/core'
import { expect, test } from 'vitest'
import { fittingValue } from './fitting-value.ts'

function field(type: CompiledField['type'], rest: Partial<CompiledField> = {}): CompiledField {
  return { name: 'f', type, list: false, required: true, writable: true, ...rest }
}

test.each([
  '^[A-Z0-9-]+$',
  '^[A-Z]{3}$',
  '^[0-9]{4}$',
  '^[a-z]+$',
  '^[A-Z]{2}-[0-9]{4}$',
  '^[a-z][a-z0-9-]{1,62}$',
  '^\\d{5}$',
])('a text is found for the pattern %s', (pattern) => {
  const value = fittingValue(field('string', { pattern }), 7)
  expect(value).toBeTypeOf('string')
  expect(patternMatcher(pattern)(String(value))).toBe(true)
})

test('a pattern that nothing was found for has no value', () => {
  expect(fittingValue(field('string', { pattern: '^(ICE|TGV) 9[0-9]{3}$' }), 1)).toBeUndefined()
})

test('texts keep their bounds, and differ from each other', () => {
  const bounded = field('string', { min: 8, max: 12 })
  const values = Array.from({ length: 50 }, (_, n) => String(fittingValue(bounded, n)))
  expect(values.every((value) => value.length >= 8 && value.length <= 12)).toBe(true)
  expect(new Set(values).size).toBe(50)
})

test('numbers keep their bounds', () => {
  expect(fittingValue(field('integer', { min: 5, max: 6 }), 1)).toBe(6)
  expect(fittingValue(field('integer', { min: 5, max: 6 }), 9)).toBe(5)
  expect(fittingValue(field('decimal', { max: '-10' }), 3)).toBe(-10)
  expect(fittingValue(field('decimal', { precision: 4, scale: 2 }), 5000)).toBe(0)
})

test('an enum has one of its values, a list as many as it must have', () => {
  expect(fittingValue(field('enum', { values: ['a', 'b'] }), 3)).toBe('b')
  expect(fittingValue(field('string', { list: true, min: 2 }), 1)).toEqual(['x1', 'x2'])
  expect(fittingValue(field('string', { list: true }), 1)).toEqual([])
})
