/** Chance from a seed: the same seed gives the same worlds, rules and steps. */

export interface Random {
  /** A whole number from 0 to `end` - 1. */
  below(end: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** Some of a list in its order, each with the same probability; at least `least` of them. */
  some<T>(list: readonly T[], probability: number, least?: number): readonly T[]
  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
}

/** @example createRandom('20260101/world 3') */
export function createRandom(seed: string): Random {
  const next = generator(hash(seed))
  const below = (end: number): number => Math.floor(next() * end)
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new Error('nothing to pick from')
    return list[below(list.length)] as T // within bounds
  }
  return {
    below,
    pick,
    chance: (probability) => next() < probability,
    some(list, probability, least = 0) {
      const chosen = new Set(list.filter(() => next() < probability))
      while (chosen.size < Math.min(least, list.length)) chosen.add(pick(list))
      return list.filter((item) => chosen.has(item))
    },
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (left < 0) return key
      }
      return pick(entries)[0]
    },
  }
}

function hash(text: string): number {
  let value = 2166136261
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619)
  return value >>> 0
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
