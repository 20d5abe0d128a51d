import { expect, test } from 'vitest'
import { type Access, createCachedLookup } from './cached-lookup.ts'

interface Clock {
  now: number
  readonly pending: Promise<unknown>[]
}

function setup(load: (key: string) => Promise<string | null>, size = 10, covered?: () => boolean) {
  const clock: Clock = { now: 0, pending: [] }
  const connection = { batch: async () => [] }
  const access: Access = {
    connection,
    scope: { now: () => clock.now, waitUntil: (work) => void clock.pending.push(work) },
  }
  const errors: unknown[] = []
  const lookup = createCachedLookup<string | null>({
    load,
    freshMs: 5,
    maxAgeMs: 15,
    absentMs: 2,
    size,
    ...(covered && { covered }),
    observe: (one) => errors.push(one),
  })
  return { clock, access, lookup, errors, settle: () => Promise.all(clock.pending) }
}

test('fresh from memory, then renewed behind the answer, then waited for', async () => {
  let count = 0
  const { clock, access, lookup, settle } = setup(async () => `v${++count}`)
  expect(await lookup.get('a', access)).toBe('v1')
  clock.now = 4
  expect(lookup.get('a', access)).toBe('v1')
  expect(count).toBe(1)
  clock.now = 6
  expect(lookup.get('a', access)).toBe('v1')
  await settle()
  expect(lookup.get('a', access)).toBe('v2')
  clock.now = 30
  expect(await lookup.get('a', access)).toBe('v3')
})

test('what is not there is remembered for a short while only', async () => {
  let count = 0
  const { clock, access, lookup } = setup(async () => {
    count += 1
    return null
  })
  await lookup.get('a', access)
  clock.now = 1
  expect(lookup.get('a', access)).toBeNull()
  clock.now = 2
  await lookup.get('a', access)
  expect(count).toBe(2)
})

test('one load at a time; a failure is given to all who wait and not kept', async () => {
  let count = 0
  const { access, lookup } = setup(async () => {
    count += 1
    if (count === 1) throw new Error('down')
    return 'up'
  })
  const both = await Promise.allSettled([lookup.get('a', access), lookup.get('a', access)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(count).toBe(1)
  expect(await lookup.get('a', access)).toBe('up')
})

test('a renewal that fails is told, and the old answer holds until its age is over', async () => {
  let broken = false
  const { clock, access, lookup, errors, settle } = setup(async () => {
    if (broken) throw new Error('down')
    return 'v'
  })
  await lookup.get('a', access)
  broken = true
  clock.now = 10
  expect(lookup.get('a', access)).toBe('v')
  await settle()
  expect(errors).toHaveLength(1)
  clock.now = 15
  await expect(lookup.get('a', access)).rejects.toThrow('down')
})

test('refresh loads once for all who saw the same stale answer, and not what began before', async () => {
  const answers = [Promise.resolve('v1'), new Promise<string>(() => undefined), Promise.resolve('v2')]
  let count = 0
  const { clock, access, lookup } = setup(async () => (await answers[count++]) ?? null)
  const stale = await lookup.get('a', access)
  clock.now = 6
  lookup.get('a', access) // a renewal that never ends
  const renewed = await Promise.all([lookup.refresh('a', stale, access), lookup.refresh('a', stale, access)])
  expect([renewed, count]).toEqual([['v2', 'v2'], 3])
  expect(lookup.refresh('a', stale, access)).toBe('v2')
})

test('an answer to a key forgotten meanwhile is not kept', async () => {
  let count = 0
  const { access, lookup } = setup(async () => `v${++count}`)
  const first = lookup.get('a', access)
  lookup.forget('a')
  expect(await first).toBe('v1')
  expect(await lookup.get('a', access)).toBe('v2')
})

test('holds no more than its size', async () => {
  let count = 0
  const { access, lookup } = setup(async (key) => `${key}${++count}`, 2)
  for (const key of ['a', 'b', 'c']) await lookup.get(key, access)
  expect(await lookup.get('a', access)).toBe('a4')
})

test('while the feed covers it, nothing is renewed for its age; once it does not, age counts again', async () => {
  let count = 0
  let covers = true
  const { clock, access, lookup, settle } = setup(
    async (key) => (key === 'nobody' ? null : `v${++count}`),
    10,
    () => covers,
  )
  await lookup.get('a', access)
  expect(await lookup.get('nobody', access)).toBeNull()
  clock.now = 1000
  expect([lookup.get('a', access), lookup.get('nobody', access)]).toEqual(['v1', null])
  await settle()
  expect(count).toBe(1)
  covers = false
  expect(await lookup.get('a', access)).toBe('v2')
  clock.now = 999
  // The clock was set back: how old it is, nobody knows.
  expect(await lookup.get('a', access)).toBe('v3')
})

test('forgets what fits, loaded or on its way, and nothing else', async () => {
  let count = 0
  const { access, lookup } = setup(async (key) => `${key}${++count}`)
  for (const key of ['a', 'b']) await lookup.get(key, access)
  const onItsWay = lookup.get('c', access)
  lookup.forgetWhere((_key, value) => value === undefined || value === 'a1')
  expect(await onItsWay).toBe('c3')
  expect(lookup.get('b', access)).toBe('b2')
  expect([await lookup.get('a', access), await lookup.get('c', access)]).toEqual(['a4', 'c5'])
})
