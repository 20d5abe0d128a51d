/** Events of a roll-out: its owner's. */
import type { Statement } from '@backsaas/core'
import type { EventData } from '@backsaas/core/events'
import { insertEvent } from '../registry/event.ts'
import type { Platform } from '../registry/platform.ts'
import type { Rollout } from './rollout-row.ts'

type RolloutEvent =
  | 'rollout.started'
  | 'rollout.advanced'
  | 'rollout.paused'
  | 'rollout.resumed'
  | 'rollout.halted'
  | 'rollout.forced'
  | 'rollout.aborted'
  | 'rollout.completed'
  | 'rollout.rolled_back'

/** To be committed with what it tells. @param more what the type tells beside which roll-out it is. */
export function tellRollout<T extends RolloutEvent>(
  platform: Platform,
  { id, ownerId, schemaId, fromVersion, toVersion }: Rollout,
  type: T,
  more: Omit<EventData<T>, keyof EventData<'rollout.started'>>,
): Statement {
  const named = { rollout_id: id, tenant_id: ownerId, schema_id: schemaId }
  const data = { ...named, from_version: fromVersion, to_version: toVersion, ...more } as EventData<T> // its members, named above
  return insertEvent(platform, { type, tenantId: ownerId, subject: id, data })
}
