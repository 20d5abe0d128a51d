/** What an adapter is told of a Postgres server that it reaches by a URL. */
import { BackSaasError } from '@backsaas/core'

export interface ServerOptions {
  /** Connections of the runtime's login; default 10. The other logins take at most 4 each. */
  readonly max?: number
  /**
   * Who serves: `runtime` (default) is the login that bootstrap created, looked up with the URL's own; `given` is the
   * URL's own, for a server that is not told the owner's.
   */
  readonly serveAs?: 'runtime' | 'given'
  /** Longest a statement of the runtime's login may take; default 5000, 0 for no limit. */
  readonly statementTimeoutMs?: number
  /** The server's own URL where `url` is a pooler's, which would not pass on what is notified; default `url`. */
  readonly directUrl?: string
  /** Longest to wait for a connection; default 10,000. */
  readonly connectTimeoutMs?: number
  /** A connection that nobody used for this long is closed; default 30,000. */
  readonly idleTimeoutMs?: number
}

/**
 * The URL, once it is known to be one.
 *
 * @param url as an environment variable may give it: perhaps not at all.
 * @param parse the driver's own parser, which decides; its message would show the password.
 * @throws `DATABASE_URL_INVALID` (500) where the URL is none, or names no database.
 */
export function checkUrl(url: string | undefined, parse: (url: string) => void): string {
  if (url === undefined || url === '') throw invalid('no database URL is given')
  try {
    if (!/^postgres(ql)?:\/\/[^/?#]/.test(url)) throw new Error('not a Postgres URL')
    parse(url)
  } catch {
    throw invalid('the database URL is not one of Postgres')
  }
  // Drivers would take the login's name for it, which is another one for each login.
  if (!NAMES_A_DATABASE.test(url)) throw invalid('the database URL names no database')
  return url
}

const NAMES_A_DATABASE = /^[a-z]+:\/\/[^/?#]+\/[^/?#]/

function invalid(message: string): BackSaasError {
  return new BackSaasError('DATABASE_URL_INVALID', 500, message, {
    hint: 'its form is postgres://user:password@host:5432/database; encode special characters of the password as %XX',
  })
}
