import { describe, expect, test } from 'vitest'
import { createDurations } from './durations.ts'
import type { Lane } from './lane.ts'
import { createPool, type Pool } from './pool.ts'

interface Numbered extends Lane {
  readonly number: number
}

function open(options: { readonly max: number; readonly share: number }): Pool {
  let made = 0
  const make = async (): Promise<Lane> => {
    const lane: Numbered = {
      number: made++,
      send: async () => ({ ok: true, answers: [] }),
      usable: () => true,
      close: async () => {},
    }
    return lane
  }
  return createPool({ open: make, ...options, idleTimeoutMs: 60_000, maxAgeMs: 3_600_000 })
}

/** The lane that work ran on, after `ms`. */
function run(pool: Pool, kind: string, ms = 0): Promise<number> {
  return pool.use(async (lane) => {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    return (lane as Numbered).number // each is made by `open`
  }, kind)
}

/** The same pieces of work, all begun in one turn of the event loop. */
function atOnce(pool: Pool, count: number, kind: string, ms = 0): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => run(pool, kind, ms)))
}

describe('a pool', () => {
  test('spreads what it does not know over its lanes', async () => {
    const pool = open({ max: 4, share: Number.POSITIVE_INFINITY })
    expect(new Set(await atOnce(pool, 4, 'new', 20)).size).toBe(4)
  })

  test('gathers what is known to be quick on one lane, eight at most', async () => {
    const pool = open({ max: 4, share: Number.POSITIVE_INFINITY })
    await run(pool, 'quick')
    const lanes = await atOnce(pool, 16, 'quick')
    expect(lanes.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => lanes[0]))
    expect(lanes.slice(8)).toEqual(Array.from({ length: 8 }, () => lanes[8]))
    expect(lanes[8]).not.toBe(lanes[0])
  })

  test('puts nothing quick behind what may take long, while there is another lane', async () => {
    const pool = open({ max: 2, share: Number.POSITIVE_INFINITY })
    await run(pool, 'quick')
    const slow = run(pool, 'slow', 50)
    const quick = await atOnce(pool, 20, 'quick')
    expect(new Set(quick)).toEqual(new Set([1 - (await slow)]))
  })

  test('gathers no more what has become slow', async () => {
    const pool = open({ max: 4, share: Number.POSITIVE_INFINITY })
    await run(pool, 'changing')
    for (let time = 0; time < 3; time++) await run(pool, 'changing', 60)
    expect(new Set(await atOnce(pool, 4, 'changing', 20)).size).toBe(4)
  })

  test('shares no lane where a piece of work needs it to itself', async () => {
    const pool = open({ max: 3, share: 1 })
    await run(pool, 'quick')
    expect(new Set(await atOnce(pool, 3, 'quick', 5)).size).toBe(3)
    expect((await atOnce(pool, 30, 'quick', 1)).length).toBe(30)
  })
})

test('durations forget the oldest of very many kinds', () => {
  const durations = createDurations()
  durations.note('first', 0)
  expect(durations.isQuick('first')).toBe(true)
  for (let kind = 0; kind < 3_000; kind++) durations.note(`kind ${kind}`, 0)
  expect([durations.isQuick('first'), durations.isQuick('kind 2999'), durations.isQuick('never seen')]).toEqual([
    false,
    true,
    false,
  ])
})
