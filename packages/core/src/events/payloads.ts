/** What each type of event tells: the fields of its `data`. */
import type { JsonObject } from '../contracts/json.ts'

/** One difference between two versions of a schema. */
export type SchemaChange = CompatibleChange | BreakingChange

export type CompatibleChange =
  | { readonly type: 'AddEntity'; readonly entity: string }
  | { readonly type: 'AddField'; readonly entity: string; readonly field: string }
  | { readonly type: 'AddIndex'; readonly entity: string; readonly fields: readonly string[] }
  | { readonly type: 'AddRelation'; readonly entity: string; readonly relation: string }
  /** What only the runtime reads: its description, its default, the expression of a virtual one. */
  | { readonly type: 'ChangeFieldNote'; readonly entity: string; readonly field: string; readonly property: string }
  | { readonly type: 'ChangeRoles' }
  | { readonly type: 'ChangeAccess'; readonly entity: string }
  | { readonly type: 'ChangeChecks'; readonly entity: string }
  | { readonly type: 'ChangeEvents'; readonly entity: string }
  | { readonly type: 'ChangeHooks'; readonly entity: string }
  | { readonly type: 'ChangeFunctions' }
  /** Called as it is now. */
  | { readonly type: 'RenameEntity'; readonly entity: string }
  | { readonly type: 'RenameField'; readonly entity: string; readonly field: string }
  | { readonly type: 'WidenField'; readonly entity: string; readonly field: string; readonly property: string }
  | { readonly type: 'ChangeRelations'; readonly entity: string }
  | { readonly type: 'RemoveIndex'; readonly entity: string; readonly fields: readonly string[] }

export type BreakingChange =
  | { readonly type: 'RemoveEntity'; readonly entity: string }
  | { readonly type: 'RemoveField'; readonly entity: string; readonly field: string }
  | { readonly type: 'AddRequiredField'; readonly entity: string; readonly field: string }
  | { readonly type: 'AddIdentity'; readonly entity: string; readonly field: string }
  | { readonly type: 'ChangeType'; readonly entity: string; readonly field: string }
  | { readonly type: 'ChangeField'; readonly entity: string; readonly field: string; readonly property: string }
  | { readonly type: 'ChangeKey'; readonly entity: string }
  | { readonly type: 'AddUnique'; readonly entity: string; readonly fields: readonly string[] }
  | { readonly type: 'RemoveUnique'; readonly entity: string; readonly fields: readonly string[] }
  | { readonly type: 'AddRelation'; readonly entity: string; readonly relation: string }
  | { readonly type: 'RemoveRelation'; readonly entity: string; readonly relation: string }
  | { readonly type: 'ChangeRelation'; readonly entity: string; readonly relation: string }

export type MigrationPhase = 'expand' | 'backfill' | 'contract'

interface SchemaUpdated<C> {
  /** The owner. */
  readonly tenant_id: string
  readonly schema_id: string
  readonly old_version: number
  readonly new_version: number
  readonly changes: readonly C[]
}

interface TenantNamed {
  readonly tenant_id: string
  readonly slug: string
}

interface InstallNamed {
  readonly tenant_id: string
  readonly schema_id: string
  /** The schema's name, and the one that the tenant knows it by. */
  readonly schema: string
  readonly profile: string
  readonly version: number
}

/** What keeps an install where it is. */
interface InstallPinned extends InstallNamed {
  /** RFC 3339. */
  readonly until: string
  readonly reason: string
}

interface RolloutNamed {
  readonly rollout_id: string
  readonly tenant_id: string
  readonly schema_id: string
  readonly from_version: number
  readonly to_version: number
}

interface RecordTold {
  /** The names of the schema and the entity. */
  readonly schema: string
  readonly entity: string
  /** The stored fields of the row, by name: as it has become, or as it was before it was deleted. */
  readonly record: JsonObject
}

interface JobEnded {
  readonly tenant_id: string
  readonly job_id: string
  readonly kind: string
}

interface OfStore {
  /** The store's name, where it is not the default one. */
  readonly store?: string
}

export interface EventPayloads {
  'schema.created': {
    readonly tenant_id: string
    readonly schema_id: string
    readonly version: number
    readonly spec: JsonObject
  }
  'schema.updated.compatible': SchemaUpdated<CompatibleChange>
  'schema.updated.breaking': SchemaUpdated<SchemaChange>
  'schema.migration.requested': OfStore & {
    readonly tenant_id: string
    readonly from_version: number
    readonly to_version: number
    readonly migration_id: string
  }
  'schema.migration.started': OfStore & { readonly migration_id: string; readonly phase: MigrationPhase }
  'schema.migration.progress': OfStore & {
    readonly migration_id: string
    readonly phase: MigrationPhase
    readonly done: number
    readonly total: number
    /** Rows a second, and how long it will take at that rate. */
    readonly rate?: number
    readonly eta_ms?: number
  }
  'schema.migration.completed': OfStore & {
    readonly migration_id: string
    readonly tenant_id: string
    readonly new_version: number
  }
  'schema.migration.failed': OfStore & {
    readonly migration_id: string
    readonly tenant_id: string
    readonly phase: MigrationPhase
    readonly code: string
    readonly message: string
  }
  'schema.migration.rolled_back': OfStore & {
    readonly migration_id: string
    readonly tenant_id: string
    readonly version: number
  }
  'tenant.created': TenantNamed & { readonly schemas: readonly string[] }
  'tenant.updated': TenantNamed
  'tenant.suspended': TenantNamed
  'tenant.resumed': TenantNamed
  'install.created': InstallNamed
  'install.updated': InstallNamed & { readonly old_version: number }
  'install.deleted': Omit<InstallNamed, 'version'>
  'install.pinned': InstallPinned
  'install.unpinned': InstallNamed
  'install.pin_expiring': InstallPinned
  'install.pin_expired': InstallPinned
  'rollout.started': RolloutNamed
  'rollout.advanced': RolloutNamed & { readonly percent: number }
  'rollout.paused': RolloutNamed
  'rollout.resumed': RolloutNamed
  'rollout.halted': RolloutNamed & { readonly code: string; readonly reason: string }
  'rollout.forced': RolloutNamed & { readonly wave: number; readonly reason: string }
  'rollout.aborted': RolloutNamed
  'rollout.completed': RolloutNamed
  'rollout.rolled_back': RolloutNamed & { readonly reason: string }
  'policy.updated': {
    readonly tenant_id: string
    readonly policy_id: string
    readonly change: 'created' | 'updated' | 'deleted'
  }
  'record.created': RecordTold
  'record.updated': RecordTold
  'record.deleted': RecordTold
  'job.succeeded': JobEnded
  'job.failed': JobEnded
}

export type EventType = keyof EventPayloads
export type EventData<T extends EventType> = EventPayloads[T]
