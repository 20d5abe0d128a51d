/** One connection to a server, whichever driver makes it. */
import type { StoredLogin } from './logins.ts'
import type { Session } from './session.ts'

export interface Lane extends Session {
  /** False once the connection is lost, or has prepared so many statements that a fresh one is better. */
  usable(): boolean
  close(): Promise<void>
}

export interface LaneOptions {
  readonly url: string
  /** In place of the URL's own. */
  readonly login: StoredLogin | null
  /** Startup parameters: settings that hold for the whole session. */
  readonly settings: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
}

/** How many statement texts a connection prepares before it is replaced: the server keeps each of them in memory. */
export const MAX_PREPARED = 1000
