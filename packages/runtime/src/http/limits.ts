/** How much one request may ask for. On by default; what is not given keeps its default. (How long: the database's `statementTimeoutMs`.) */
import { runtimeError } from '../errors/error-catalogue.ts'

export interface Limits {
  /** Rows of a page; a request without limit gets as many at most. */
  readonly maxRows: number
  readonly bodyBytes: number
  readonly urlBytes: number
  /** Embeds within embeds. */
  readonly embedDepth: number
  /** Filters of one request, those inside `and=()` and `or=()` and of embeds counted. */
  readonly conditions: number
  /** Rows of one insert. */
  readonly insertRows: number
  /** Values of one `in.()`. */
  readonly inValues: number
  /** Event streams that a tenant may have open at once, in one process. */
  readonly eventStreams: number
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxRows: 1000,
  bodyBytes: 1_048_576,
  urlBytes: 16_384,
  embedDepth: 5,
  conditions: 100,
  insertRows: 10_000,
  inValues: 1000,
  eventStreams: 100,
})

/**
 * The defaults with some of them replaced.
 *
 * @throws `OPTIONS_INVALID` where a name is no limit or a value no positive whole number.
 * @example resolveLimits({ maxRows: 200 })
 */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name))
      throw runtimeError('OPTIONS_INVALID', `limits.${name} is not a limit`, {
        hint: `The limits are ${Object.keys(DEFAULT_LIMITS).join(', ')}.`,
      })
    if (!Number.isSafeInteger(value) || value <= 0)
      throw runtimeError('OPTIONS_INVALID', `limits.${name} must be a positive whole number, not ${String(value)}`)
  }
  return Object.freeze({ ...DEFAULT_LIMITS, ...given })
}
