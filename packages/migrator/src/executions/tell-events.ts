/** Events that functions publish after a write, and those that are due: once each, however often they are tried. */
import { createHash } from 'node:crypto'
import { type Connection, type OutgoingEvent, planEvents } from '@backsaas/core'
import { ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import type { Execution } from './execution-rows.ts'

/** The id of the nth event of an execution is always the same. */
export async function tellEvents(
  connection: Connection,
  platform: Platform,
  execution: Execution,
  events: readonly OutgoingEvent[],
  source?: string,
): Promise<void> {
  if (events.length === 0) return
  const tables = {
    events: tableNames(platform, 'events'),
    executions: tableNames(platform, 'function_executions'),
  }
  const named = events.map((event, nth) => ({ ...event, id: nthId(execution.id, nth) }))
  await connection.batch([ROW_SECURITY, ...planEvents(tables, named, execution, source)])
}

/** Deterministic, in the form of a UUID of version 8. */
function nthId(execution: string, nth: number): string {
  const hex = createHash('sha256').update(`${execution}/${nth}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The event that a due execution of `events.schedule` holds. */
export async function runScheduled(connection: Connection, platform: Platform, execution: Execution): Promise<void> {
  // The row was written by a statement of ours.
  const { type, subject, data, source } = execution.row
  const told = subject === null || subject === undefined ? null : String(subject)
  const event = { type: String(type), subject: told, data: data ?? null, atMs: null }
  await tellEvents(connection, platform, execution, [event], String(source))
}
