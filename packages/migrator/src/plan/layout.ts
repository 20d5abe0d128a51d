/** What the steps of a migration are laid out from, and what they have in common. */
import type { CompiledSchema, Mapping } from '@backsaas/core'
import type { Matches } from './identity.ts'
import type { TablePlan } from './plan-table.ts'
import type { PlanContext } from './plan-version.ts'
import type { Step } from './steps.ts'
import type { SyncContext, VersionSync } from './sync-trigger.ts'
import type { LiveVersion } from './waiting-migration.ts'

export interface MigrationContext extends PlanContext {
  readonly previous: Mapping
  readonly live: readonly LiveVersion[]
  readonly fromVersion: number
  readonly toVersion: number
  readonly placementId: string
  /** The login that migrates. */
  readonly migrator: string
  /** The functions that keep versions in step, by physical table. */
  readonly syncFunctions: ReadonlyMap<string, string>
  /** Rows of each physical table, as estimated. */
  readonly rows: ReadonlyMap<string, number>
}

/** What the steps are laid out from. */
export interface Layout {
  readonly next: CompiledSchema
  readonly previous: CompiledSchema
  readonly matches: Matches
  readonly mapping: Mapping
  readonly context: MigrationContext
  readonly tables: readonly TablePlan[]
  /** What migrations that wait keep in step, by physical table. */
  readonly waitingSyncs: ReadonlyMap<string, readonly VersionSync[]>
  /** Physical names of the sync functions, by physical table. */
  readonly syncNames: ReadonlyMap<string, string>
  /** Of the functions that queue rows for hooks. */
  readonly queueNames: ReadonlyMap<string, string>
  readonly names: (wanted: string) => string
}

/** A step before it is numbered. */
export type StepDraft = Step extends infer S ? (S extends Step ? Omit<S, 'id'> : never) : never

/** What a step is that locks no table and reads no row. */
export const NO_LOCK = {
  tables: [],
  lock: 'none',
  rewrite: false,
  rows: 0,
  estimateMs: 5,
  destructive: false,
} as const

/** The place of a table's trigger. */
export function syncContext({ table }: TablePlan, { context, mapping, syncNames }: Layout): SyncContext {
  return {
    pgSchema: mapping.schema,
    table,
    functionName: syncNames.get(table) as string,
    placementId: context.placementId,
    roles: context.roles,
    migrator: context.migrator,
  }
}
