/** The one way to a Postgres: statements in text format, batches that are atomic and cost one round trip. */
import type { Unsubscribe } from './event.ts'
import type { Scope } from './scope.ts'

/**
 * A statement whose parameters are already text, in Postgres' input format of the type that the statement expects
 * (`null` is SQL null). Text throughout means that nothing can fail to serialise after a batch has begun.
 */
export interface Statement {
  readonly text: string
  readonly params: readonly (string | null)[]
  /** Prepare under a name where the adapter can; false for DDL and one-off texts. Default true. */
  readonly prepare?: boolean
}

/** Rows as arrays of text, in the order of the columns; `count` is the number of rows read or written. */
export interface Result {
  readonly rows: readonly (readonly (string | null)[])[]
  readonly count: number
}

/** What an adapter may make use of, and need not. */
export interface BatchHints {
  /**
   * A word, the tenant and what is done, say: the batch may share a transaction with others of the same word that are sent at
   * the same moment; each answers, or fails, as if it had run by itself. Not for batches that set what outlasts their
   * statements.
   */
  readonly sharedBy?: string
  /**
   * Names the one row that a shared batch locks; absent where it locks none. Batches lock in the order of these names, lest
   * two transactions wait for each other.
   */
  readonly locks?: string
}

export interface Connection {
  /**
   * Runs the statements in order in one transaction, in one round trip; a single statement runs by itself.
   *
   * @throws `DatabaseError` with the server's SQLSTATE; nothing of the batch is then kept.
   * @example await connection.batch([{ text: 'select $1::text', params: ['a'] }])
   */
  batch(statements: readonly Statement[], hints?: BatchHints): Promise<readonly Result[]>
  /**
   * Several statements outside any transaction, one after the other: for what Postgres refuses in one (`CREATE INDEX CONCURRENTLY`), be it
   * for hours. Migrator only.
   *
   * @param lock a name that no other session's script has meanwhile.
   * @returns nothing, and nothing is done, where another one has the lock: who waited for it within a statement would hold up an index that
   *   is built.
   */
  script?(statements: readonly Statement[], lock?: string): Promise<readonly Result[]>
  /** A transaction with decisions between its statements. Present where `can.interactive`. Migrator only. */
  transaction?<T>(run: (transaction: Connection) => Promise<T>): Promise<T>
}

/**
 * Who a connection is: `runtime` serves and owns nothing; `migrator` changes schemas (BYPASSRLS, `row_security = off`);
 * `owner` is the login of the URL as given and is used by bootstrap only.
 */
export type Login = 'runtime' | 'migrator' | 'owner'

export interface ListenOptions {
  /** Whose login listens; default `runtime`. */
  readonly login?: Login
  /** The connection was lost and made again: what was notified meanwhile has been missed. */
  readonly onReconnect?: () => void
  /** Told of a loss, of each attempt that fails, and of a handler's failure. */
  readonly onError?: (error: unknown) => void
}

export interface Database {
  readonly name: string
  readonly can: { readonly listen: boolean; readonly interactive: boolean }
  /** Node shares a pool between scopes; workerd opens per request. `login` defaults to `runtime`. */
  open(scope: Scope, login?: Login): Connection
  /**
   * Hears what is notified on a channel (`pg_notify`), over a direct connection of its own that is made again, after
   * growing pauses, whenever it is lost. Present where `can.listen`. Ended by what it answers, and by `close`.
   *
   * @param channel letters a–z, digits and `_`, at most 63.
   * @returns once it listens: what is committed from then on is heard.
   * @throws `CHANNEL_INVALID` (500); `DatabaseError` where the first connection cannot be made.
   * @example const stop = await database.listen?.('backsaas_outbox', () => relay.kick())
   */
  listen?(channel: string, handler: (payload: string) => void, options?: ListenOptions): Promise<Unsubscribe>
  /** Waits for statements under way, then closes every connection. */
  close?(): Promise<void>
}
