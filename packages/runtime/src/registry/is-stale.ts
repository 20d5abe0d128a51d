/** Whether an error says that a statement was made for a schema that has moved on. */
import { BackSaasError } from '@backsaas/core'

export function isStale(error: unknown): boolean {
  return error instanceof BackSaasError && error.code === 'STALE_SCHEMA'
}
