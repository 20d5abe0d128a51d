/** What the tests of the database suite work with. */
import type { Connection, Database, Scope, Statement } from '@backsaas/core'

export interface Subject {
  readonly database: Database
  /** The connection under test. */
  readonly connection: Connection
}

/** A scope of no request. */
export const SCOPE: Scope = { waitUntil: () => {}, now: () => Date.now() }

/** A statement with its parameters. */
export function sql(text: string, ...params: (string | null)[]): Statement {
  return { text, params }
}
