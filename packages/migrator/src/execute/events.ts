/** What is told of a migration, in the transaction of what it tells. */
import type { Statement } from '@backsaas/core'
import { insertEvent } from '../registry/event.ts'
import type { Platform } from '../registry/platform.ts'
import type { MigrationPhase, MigrationRow } from './migration-row.ts'

type Told = Pick<MigrationRow, 'id' | 'ownerId' | 'fromVersion' | 'toVersion' | 'store'>

export function tellRequested(platform: Platform, migration: Told): Statement {
  const { id, ownerId, fromVersion, toVersion } = migration
  const data = {
    tenant_id: ownerId,
    from_version: fromVersion,
    to_version: toVersion,
    migration_id: id,
    ...storeOf(migration),
  }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.requested', data })
}

export function tellStarted(platform: Platform, migration: Told, phase: MigrationPhase): Statement {
  const data = { migration_id: migration.id, phase: toldPhase(phase), ...storeOf(migration) }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.started', data })
}

export interface Progress {
  readonly done: number
  readonly total: number
  /** Rows a second. */
  readonly rate: number
}

export function tellProgress(platform: Platform, migration: Told, { done, total, rate }: Progress): Statement {
  const eta = rate > 0 ? { eta_ms: Math.round(((total - done) / rate) * 1000) } : {}
  const data = {
    migration_id: migration.id,
    phase: 'backfill' as const,
    done,
    total,
    rate,
    ...eta,
    ...storeOf(migration),
  }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.progress', data })
}

export function tellCompleted(platform: Platform, migration: Told): Statement {
  const data = {
    migration_id: migration.id,
    tenant_id: migration.ownerId,
    new_version: migration.toVersion,
    ...storeOf(migration),
  }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.completed', data })
}

export function tellFailed(
  platform: Platform,
  migration: Told & Pick<MigrationRow, 'phase'>,
  code: string,
  message: string,
): Statement {
  const { id, ownerId, phase } = migration
  const data = { migration_id: id, tenant_id: ownerId, phase: toldPhase(phase), code, message, ...storeOf(migration) }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.failed', data })
}

export function tellRolledBack(platform: Platform, migration: Told): Statement {
  const data = {
    migration_id: migration.id,
    tenant_id: migration.ownerId,
    version: migration.fromVersion,
    ...storeOf(migration),
  }
  return insertEvent(platform, { ...whose(migration), type: 'schema.migration.rolled_back', data })
}

function whose({ id, ownerId }: Told): { tenantId: string; subject: string } {
  return { tenantId: ownerId, subject: id }
}

/** Of the default store none is named. */
function storeOf({ store }: Told): { readonly store?: string } {
  return store === null ? {} : { store }
}

/** What comes after the new version is live is its contract. */
function toldPhase(phase: MigrationPhase): 'expand' | 'backfill' | 'contract' {
  return phase === 'expand' || phase === 'backfill' ? phase : 'contract'
}
