/** Which database of its platform this is, for who works in any of them. */
import type { Connection } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'

/** Null of the one that has the registry, and of one that was set up before databases had names. */
export async function readName(connection: Connection): Promise<string | null> {
  const [found] = await query(connection, `select to_regclass('backsaas.identity')::text`)
  if (!found?.[0]) return null
  const [row] = await query(connection, 'select name from backsaas.identity')
  return row?.[0] ?? null
}
