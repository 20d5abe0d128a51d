/** Tokens that were verified, until they expire or some minutes have gone by: so that a signature is checked now and then, not always. */

import type { Issuer } from './issuer.ts'
import type { Claims } from './read-claims.ts'

export interface KnownToken {
  readonly issuer: Issuer
  readonly claims: Claims
  readonly userQuery: string
  /** Milliseconds since the epoch. */
  readonly untilMs: number
}

export interface VerifiedTokens {
  get(token: string, nowMs: number): KnownToken | null
  set(token: string, known: KnownToken): void
}

/** A token of the usual size takes about 2 KB with all that is kept of it. */
const MAX_TOKENS = 10_000

/**
 * By the token itself: a digest of it would cost more to make than all that follows, and whoever reads this process's
 * memory has the tokens of its requests anyway.
 */
export function verifiedTokens(): VerifiedTokens {
  const tokens = new Map<string, KnownToken>()
  return {
    get(token, nowMs) {
      const known = tokens.get(token)
      if (!known) return null
      if (known.untilMs <= nowMs) {
        tokens.delete(token)
        return null
      }
      return known
    },
    set(token, known) {
      tokens.delete(token)
      tokens.set(token, known)
      // The one that was verified longest ago; what is still used is verified again.
      if (tokens.size > MAX_TOKENS) tokens.delete(tokens.keys().next().value as string) // not empty: one was just set
    },
  }
}
