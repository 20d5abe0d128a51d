/** Holds what is about to be written as an event against its definition. */
import * as v from 'valibot'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { EVENT_DEFINITIONS } from './definitions.ts'
import type { EventType } from './payloads.ts'

/**
 * @throws `EVENT_INVALID` (500) where the type is not defined, or `data` has another shape: readers rely on it.
 * @example checkEventData('schema.migration.started', { migration_id, phase: 'expand' })
 */
export function checkEventData(type: string, data: unknown): void {
  if (!isEventType(type)) throw new BackSaasError('EVENT_INVALID', 500, `there is no event of the type ${type}`)
  const result = v.safeParse(EVENT_DEFINITIONS[type].data as v.GenericSchema, data)
  if (result.success) return
  const [issue] = result.issues
  const message = `${v.getDotPath(issue) ?? 'data'} of the event ${type}: ${issue.message}`
  throw new BackSaasError('EVENT_INVALID', 500, message)
}

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_DEFINITIONS, type)
}
