/** Numbers of a tenant's counters, for functions after a write. */
import { type Connection, checkNumbers, planNext } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** @returns the first of those that were taken. */
export async function takeNumbers(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  counter: string,
  count: number,
): Promise<number> {
  checkNumbers(counter, count)
  const next = planNext(tableNames(platform, 'function_counters'), tenantId, counter, count)
  const [, result] = await connection.batch([ROW_SECURITY, next])
  return Number(result?.rows[0]?.[0]) - count + 1
}
