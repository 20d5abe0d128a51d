/** Proves an API key against its stored hash, in constant time. */
import { hashApiKey } from '@backsaas/core'
import type { KeyRow } from './registry-rows.ts'

/** Stands in for the hash of a key that does not exist, so that both cases cost the same. */
const NO_HASH = '0'.repeat(64)

interface Proof {
  readonly key: string
  /** Milliseconds since the epoch; null for never. */
  readonly untilMs: number | null
}

/** Keys that were proven against a row: a row is read anew every few seconds, and with it the proof is made again. */
const proven = new WeakMap<KeyRow, Proof>()

/**
 * Whether `key` is the key of `row` (or what it was before it was rotated, for as long as that holds), neither expired nor
 * revoked. The same work is done where there is no row.
 *
 * @example if (!(await verifyKey(key, row, scope.now()))) throw keyInvalid()
 */
export async function verifyKey(key: string, row: KeyRow | null, nowMs: number): Promise<boolean> {
  const known = row === null ? undefined : proven.get(row)
  const proof = known && equalInConstantTime(known.key, key) ? known : await prove(key, row)
  if (!row || !proof) return false
  proven.set(row, proof)
  if (row.revoked || (row.expiresAtMs !== null && row.expiresAtMs <= nowMs)) return false
  return proof.untilMs === null || proof.untilMs > nowMs
}

async function prove(key: string, row: KeyRow | null): Promise<Proof | null> {
  const hash = await hashApiKey(key)
  const isCurrent = equalInConstantTime(hash, row?.hash ?? NO_HASH)
  const isPrevious = equalInConstantTime(hash, row?.previous?.hash ?? NO_HASH)
  if (isCurrent) return { key, untilMs: null }
  return isPrevious && row?.previous ? { key, untilMs: row.previous.untilMs } : null
}

/** Looks at every character whatever the first difference. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length)
  return difference === 0
}
