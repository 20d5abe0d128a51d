import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

test.each<[string, readonly string[], string | null]>([
  ['stauts', ['name', 'status'], 'status'],
  ['titel', ['title', 'tite'], 'title'],
  ['Name', ['nome', 'name'], 'name'],
  ['hostsuffix', ['limits', 'hostSuffix'], 'hostSuffix'],
  ['emial', ['phone', 'email'], 'email'],
  ['id', ['uid', 'name'], 'uid'],
  ['xyz', ['status', 'name'], null],
  ['name', ['name'], null],
  ['name', ['name', 'names'], 'names'],
  ['', ['a'], null],
  ['a'.repeat(65), ['a'.repeat(64)], null],
])('the nearest to %j of %j is %j', (name, candidates, nearest) => {
  expect(nearestName(name, candidates)).toBe(nearest)
})

test('how far is near can be said', () => {
  expect(nearestName('tite', ['notes'], 2)).toBeNull()
  expect(nearestName('tite', ['titles'], 1)).toBeNull()
  expect(nearestName('tite', ['titles'], 2)).toBe('titles')
})

test('of endless candidates it looks at a thousand', () => {
  let seen = 0
  function* endless(): Generator<string> {
    while (seen < 1_000_000) yield `x${seen++}`
  }
  expect(nearestName('yyyyy', endless())).toBeNull()
  expect(seen).toBeLessThan(1100)
})
