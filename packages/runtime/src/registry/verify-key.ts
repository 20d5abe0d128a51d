/** Proves an API key against its stored hash, in constant time. */
import { hashApiKey } from '@backsaas/core'
import type { KeyRow } from './registry-rows.ts'

/** Stands in for the hash of a key that does not exist, so that both cases cost the same. */
const NO_HASH = '0'.repeat(64)

/** Keys that were proven against a row: a row is read anew every few seconds, and with it the proof is made again. */
const proven = new WeakMap<KeyRow, string>()

/**
 * Whether `key` is the key of `row`, neither expired nor revoked. The same work is done where there is no row.
 *
 * @example if (!(await verifyKey(key, row, scope.now()))) throw keyInvalid()
 */
export async function verifyKey(key: string, row: KeyRow | null, nowMs: number): Promise<boolean> {
  const known = row === null ? undefined : proven.get(row)
  const matches =
    known !== undefined && equalInConstantTime(known, key)
      ? true
      : equalInConstantTime(await hashApiKey(key), row?.hash ?? NO_HASH)
  if (!row || !matches) return false
  if (known === undefined) proven.set(row, key)
  return !row.revoked && (row.expiresAtMs === null || row.expiresAtMs > nowMs)
}

/** Looks at every character whatever the first difference. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length)
  return difference === 0
}
