import { expect, test } from 'vitest'
import { checkNesting, MAX_NESTING } from './nesting.ts'

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

test('what is nested as deep as allowed passes, one deeper does not', () => {
  expect(() => checkNesting(deep(MAX_NESTING))).not.toThrow()
  expect(() => checkNesting(deep(MAX_NESTING + 1))).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED', status: 400 }),
  )
})

test('brackets side by side are not deep', () => {
  expect(() => checkNesting('[]{}()'.repeat(1000))).not.toThrow()
})

test('brackets in quotes are text, escaped quotes do not end them', () => {
  expect(() => checkNesting(`{"a":"${'['.repeat(1000)}"}`)).not.toThrow()
  expect(() => checkNesting(`{"a":"\\"${'['.repeat(1000)}"}`)).not.toThrow()
  expect(() => checkNesting(`{"a":"x\\\\",${'['.repeat(1000)}`)).toThrow()
  expect(() => checkNesting(`"${'\\"'.repeat(100_000)}`)).not.toThrow()
})
