/** The one error of the house: told apart by `code`, turned into a response in one place. */

import type { Json } from '../contracts/json.ts'

/** A fault of one field of a body. `pointer` is a JSON pointer into it. */
export interface FieldProblem {
  readonly pointer: string
  readonly code: string
  readonly detail: string
  /** Where it stands in a document, 1-based. */
  readonly line?: number
  readonly column?: number
}

export interface ErrorOptions {
  /** More about this occurrence, safe to show. */
  readonly details?: Json
  /** What to do about it. */
  readonly hint?: string | null
  readonly errors?: readonly FieldProblem[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * @example throw new BackSaasError('TENANT_UNKNOWN', 404, 'there is no tenant "acme"', { hint: 'backsaas tenant create acme' })
 */
export class BackSaasError extends Error {
  override readonly name: string = 'BackSaasError'
  readonly code: string
  /** The HTTP status it answers with. */
  readonly status: number
  readonly details: Json
  readonly hint: string | null
  readonly errors: readonly FieldProblem[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: string, status: number, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = status
    this.details = options.details ?? null
    this.hint = options.hint ?? null
    this.errors = options.errors ?? []
    this.headers = options.headers ?? {}
  }
}

/** What a plugin declares of its errors: code → status and what it means. */
export type ErrorCatalogue = Readonly<Record<string, { readonly status: number; readonly message: string }>>
