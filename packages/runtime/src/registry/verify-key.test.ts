import { hashApiKey, makeApiKey } from '@backsaas/core'
import { expect, test } from 'vitest'
import type { KeyRow } from './registry-rows.ts'
import { verifyKey } from './verify-key.ts'

const TENANT = '018f0000-0000-7000-8000-0000000000aa'

async function newKey(extra: Partial<KeyRow> = {}): Promise<{ key: string; row: () => KeyRow }> {
  const { key, hash } = await makeApiKey(TENANT)
  const row: KeyRow = {
    id: 'k',
    hash,
    previous: null,
    roles: [],
    scopes: null,
    expiresAtMs: null,
    revoked: false,
    ...extra,
  }
  // A row that is read anew: nothing was proven against it yet.
  return { key, row: () => ({ ...row }) }
}

test('the right key is valid until it ends, and no other ever', async () => {
  const { key, row } = await newKey({ expiresAtMs: 100 })
  expect(await verifyKey(key, row(), 99)).toBe(true)
  expect(await verifyKey(key, row(), 100)).toBe(false)
  expect(await verifyKey(key, { ...row(), revoked: true }, 0)).toBe(false)
  expect(await verifyKey(`${key.slice(0, -1)}!`, row(), 0)).toBe(false)
  expect(await verifyKey(key, null, 0)).toBe(false)
})

test('a key that was rotated holds until its grace is over, proven or not', async () => {
  const old = await makeApiKey(TENANT)
  const { key, row } = await newKey({ previous: { hash: old.hash, untilMs: 50 } })
  const kept = row()
  for (const one of [key, old.key, key, old.key]) expect(await verifyKey(one, kept, 49)).toBe(true)
  expect(await verifyKey(old.key, kept, 50)).toBe(false)
  expect(await verifyKey(key, kept, 50)).toBe(true)
})

/**
 * What a guess costs tells nothing of how near it is: neither of its secret, nor of whether there is such a key at all. Medians
 * of guesses that take turns, and the best of some rounds, so that a busy machine fails it only where there is something.
 */
test('a guess takes as long whatever is right about it', async () => {
  const { key, row } = await newKey()
  const proven = row()
  await verifyKey(key, proven, 0)
  const last = key.at(-1) === 'A' ? 'B' : 'A'
  const guesses: readonly (readonly [string, KeyRow | null])[] = [
    [`${key.slice(0, -43)}${'A'.repeat(43)}`, proven],
    [`${key.slice(0, -1)}${last}`, proven],
    [key.replace(/.{43}$/, 'B'.repeat(43)), null],
  ]
  let worst = Infinity
  for (let round = 0; round < 8 && worst > 1.25; round++) worst = Math.min(worst, await spread(guesses))
  expect(worst).toBeLessThan(1.25)
})

/** The slowest median over the fastest. */
async function spread(guesses: readonly (readonly [string, KeyRow | null])[]): Promise<number> {
  const times = guesses.map((): number[] => [])
  for (let i = 0; i < 1500; i++) {
    for (const [n, [guess, row]] of guesses.entries()) {
      const from = performance.now()
      await verifyKey(guess, row, 0)
      times[n]?.push(performance.now() - from)
    }
  }
  const medians = times.map((all) => all.sort((a, b) => a - b)[all.length >> 1] ?? 0)
  return Math.max(...medians) / Math.min(...medians)
}

test('what is stored is a digest of the whole key', async () => {
  const { key, row } = await newKey()
  expect(row().hash).toBe(await hashApiKey(key))
})
