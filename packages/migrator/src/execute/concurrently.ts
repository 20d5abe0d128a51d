/** What changes indexes beside writers: one at a time for each placement, whichever process does it. */
import { BackSaasError, type Database, DatabaseError } from '@backsaas/core'
import { qualified } from '../plan/quote.ts'
import { ddl, MIGRATOR_SCOPE } from './migrator-transaction.ts'

/** Somebody else has made it since it was looked for. */
const MADE = '42P07'

/**
 * Two of them on one table would wait for each other until Postgres ends one, which leaves an index that is not valid. PGlite has one
 * session and nobody to hold up.
 *
 * @returns false where somebody else is at it: what is missing is to be looked at again, a while later.
 */
export async function runConcurrently(
  database: Database,
  placementId: string,
  statements: readonly string[],
): Promise<boolean> {
  if (statements.length === 0) return true
  const { script } = database.open(MIGRATOR_SCOPE, 'migrator')
  if (!script) throw new BackSaasError('NOT_INTERACTIVE', 501, `${database.name} cannot change schemas`)
  try {
    const results = await script(statements.map(ddl), `indexes of ${placementId}`)
    return results.length > 0
  } catch (error) {
    if (error instanceof DatabaseError && error.fields.sqlState === MADE) return false
    throw error
  }
}

/** For `runConcurrently`. */
export function dropIndex(pgSchema: string, index: string): string {
  return `drop index concurrently if exists ${qualified(pgSchema, index)}`
}
