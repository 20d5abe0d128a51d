import { expect, test } from 'vitest'
import { createCompiledCache } from './compiled-cache.ts'

test('the same content is one value, however many placements have it; other decisions are other content', () => {
  const compiledOf = createCompiledCache(2)
  const text = JSON.stringify({ name: 'crm', hash: 'h' })
  const one = compiledOf('digest', text)
  expect(compiledOf('digest', text)).toBe(one)
  expect(compiledOf('other', JSON.stringify({ name: 'crm', hash: 'h', decisions: {} }))).not.toBe(one)
})
