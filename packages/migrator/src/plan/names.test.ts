import { describe, expect, test } from 'vitest'
import { createNames, fit } from './names.ts'
import { identifier, literal } from './quote.ts'

describe('names', () => {
  test('a taken name gets a number, and no name is given twice', () => {
    const give = createNames(['contacts', 'contacts_2'])
    expect([give('contacts'), give('contacts'), give('notes'), give('notes')]).toEqual([
      'contacts_3',
      'contacts_4',
      'notes',
      'notes_2',
    ])
  })

  test('a long name is cut to 63 bytes and stays apart from its neighbour', () => {
    const bytes = (name: string): number => new TextEncoder().encode(name).length
    for (const character of ['x', 'é', '漢', '🙂']) {
      const one = fit(`${character.repeat(60)}_one`, '')
      const two = fit(`${character.repeat(60)}_two`, '')
      expect(bytes(one)).toBeLessThanOrEqual(63)
      expect(one).not.toBe(two)
      expect(one.isWellFormed()).toBe(true)
    }
    const give = createNames([])
    const given = Array.from({ length: 20 }, () => give('y'.repeat(80)))
    expect(new Set(given).size).toBe(20)
    expect(Math.max(...given.map(bytes))).toBeLessThanOrEqual(63)
  })
})

describe('quoting', () => {
  test('identifiers and literals cannot end early', () => {
    expect(identifier('a"; drop table b; --')).toBe('"a""; drop table b; --"')
    expect(literal("it's")).toBe("'it''s'")
    expect(literal("\\'; drop table b; --")).toBe("E'\\\\''; drop table b; --'")
    expect(() => identifier('a\0b')).toThrow('NUL')
    expect(() => literal('a\0b')).toThrow('NUL')
  })
})
