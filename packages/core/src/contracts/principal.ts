/** Who asks. */
export interface Principal {
  /** The tenant's slug or id. */
  readonly tenant: string
  /** The user's, key's or service's own id; text, because identity providers choose its form. */
  readonly id: string
  readonly kind: 'user' | 'key' | 'service' | 'anonymous'
  readonly roles: readonly string[]
  readonly email?: string
  /** What its key allows of what its roles do, as `contacts:read`; everything where there is none. */
  readonly scopes?: readonly string[]
  /** Who vouches for a user, and under which name there: what a row of `users` is found by. */
  readonly account?: Account
}

/** A user as an identity provider knows it. */
export type Account = { readonly issuer: string; readonly subject: string }

/** What `identify` may answer: `kind` defaults to `user`, `roles` to none. */
export interface Identity {
  readonly tenant: string
  readonly id: string
  readonly kind?: Principal['kind']
  readonly roles?: readonly string[]
  readonly email?: string
  readonly scopes?: readonly string[]
  readonly account?: Account
}
