/** Who asks. */
export interface Principal {
  /** The tenant's slug or id. */
  readonly tenant: string
  /** The user's, key's or service's own id; text, because identity providers choose its form. */
  readonly id: string
  readonly kind: 'user' | 'key' | 'service' | 'anonymous'
  readonly roles: readonly string[]
  readonly email?: string
}

/** What `identify` may answer: `kind` defaults to `user`, `roles` to none. */
export interface Identity {
  readonly tenant: string
  readonly id: string
  readonly kind?: Principal['kind']
  readonly roles?: readonly string[]
  readonly email?: string
}
