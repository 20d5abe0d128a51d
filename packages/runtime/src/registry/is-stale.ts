/** Whether an error says that a statement was made for a schema that has moved on. */
import { BackSaasError } from '@backsaas/core'

/** Whether a request named what the schema has not: the schema may have moved on, and the client with it. */
export function isUnknownName(error: unknown): boolean {
  return error instanceof BackSaasError && UNKNOWN.has(error.code)
}

const UNKNOWN: ReadonlySet<string> = new Set(['42703', 'PGRST204', 'PGRST205', 'PGRST200'])

export function isStale(error: unknown): boolean {
  return error instanceof BackSaasError && error.code === 'STALE_SCHEMA'
}
