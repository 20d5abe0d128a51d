/** Whom tokens are believed, as an operator writes it. */
import type { JSONWebKeySet } from 'jose'

/**
 * What of a user's row in `users` counts. `check`: one that is suspended is refused, one that is not there is not missed;
 * the token says id and roles. `require`: the row says who it is and its `memberships` which roles; without a row the caller
 * has none. `ignore`: the token alone counts.
 */
export type UsersRule = 'check' | 'require' | 'ignore'

export interface IssuerOptions {
  /** As tokens have it in `iss`, to the letter. */
  readonly issuer: string
  /** A token is for us where one of these is in its `aud`. */
  readonly audience: string | readonly string[]
  /** The issuer's public keys: where they are (https), or themselves. This or `secret`. */
  readonly jwks?: string | JSONWebKeySet
  /** A secret shared with the issuer, of 32 bytes or more. */
  readonly secret?: string
  /** What it signs with; with `jwks` by default RS256, ES256 and EdDSA, with `secret` HS256. */
  readonly algorithms?: readonly string[]
  /** `service` is for tokens of `signServiceToken`, whose claims are fixed. Default: user. */
  readonly kind?: 'user' | 'service'
  /** The slug or id of the tenant that all its tokens are of. Without it, its claim says so. */
  readonly tenant?: string
  readonly claims?: ClaimNames
  /** Roles that every token of it has, besides what claims or memberships say. */
  readonly roles?: readonly string[]
  /** The only roles that claims may name; others of a token are left out. Default: all. */
  readonly allowedRoles?: readonly string[]
  /** Default: check. */
  readonly users?: UsersRule
}

/** The name of a claim, or a path into one, as `app_metadata.tenant`; a claim of that whole name is preferred. */
export interface ClaimNames {
  /** Default: `tenant`. */
  readonly tenant?: string
  /** A text or a list of them. Default: `roles`. */
  readonly roles?: string
  /** Default: `sub`. */
  readonly id?: string
  /** Not read where `email_verified` is false. Default: `email`. */
  readonly email?: string
}

export interface KeyFetching {
  /** Lets keys be fetched by http from this machine. For tests. */
  readonly insecureLocalhost: boolean
  readonly fetch: typeof globalThis.fetch
}
