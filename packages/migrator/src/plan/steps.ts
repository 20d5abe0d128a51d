/** The steps of a migration as data: what is shown before, frozen in its row, and run one after the other. */
import type { CompiledField, Mapping } from '@backsaas/core'
import type { Change } from './change.ts'

/** `expand`: beside what is there. `backfill`: rows follow. `live`: both versions serve. `contract`: what only the old one needs goes. */
export type Phase = 'expand' | 'backfill' | 'live' | 'contract'

/** The strongest table lock that a step takes; what is not `none` is waited for at most 50 ms at a time. */
export type LockClass = 'none' | 'row exclusive' | 'share update exclusive' | 'share row exclusive' | 'access exclusive'

interface StepBase {
  /** Unique in the plan. */
  readonly id: string
  readonly phase: Phase
  readonly title: string
  /** Physical tables that it locks, qualified and quoted. */
  readonly tables: readonly string[]
  readonly lock: LockClass
  /** No step rewrites a table. */
  readonly rewrite: false
  /** Rows that it reads or writes, as the catalogue estimates them, and how long that takes at a usual rate. */
  readonly rows: number
  readonly estimateMs: number
  /** Loses data for good: needs the plan's token. */
  readonly destructive: boolean
  /** Undoes it, whether it ran or not; to be run in one transaction, in order. */
  readonly inverse: readonly string[]
}

/** Statements in one transaction, with the checkpoint. */
export interface DdlStep extends StepBase {
  readonly kind: 'ddl'
  readonly statements: readonly string[]
  /** Where data can stand in the way: counts what does, and shows some of it. */
  readonly blockers?: Blockers
  /** The same of its inverse: what newer clients may have written that older ones could not. */
  readonly unfitting?: Blockers
}

/** An index, outside any transaction; converges from the catalogue. */
export interface IndexStep extends StepBase {
  readonly kind: 'index'
  readonly statements: readonly string[]
  readonly pgSchema: string
  readonly index: string
  readonly blockers?: Blockers
}

/** Indexes on columns, dropped outside any transaction. */
export interface DropIndexStep extends StepBase {
  readonly kind: 'drop_index'
  readonly statements: readonly string[]
  readonly pgSchema: string
  readonly table: string
  /** Physical columns; every index that has one of them and backs no constraint goes. */
  readonly columns: readonly string[]
  /** Physical columns of whole indexes that go, the tenant left out. */
  readonly indexes: readonly (readonly string[])[]
}

/** Rows, in ranges of the primary key, each range a transaction with the checkpoint. */
export interface BackfillStep extends StepBase {
  readonly kind: 'backfill'
  readonly backfill: Backfill
  readonly statements: readonly string[]
}

/** A TypeScript function converts rows that a trigger has queued; done when none is left. */
export interface HookStep extends StepBase {
  readonly kind: 'hook'
  readonly statements: readonly string[]
  readonly hook: string
  readonly entity: string
  /** Qualified and quoted. */
  readonly table: string
  readonly key: Backfill['key']
  readonly keyFields: readonly string[]
  /** Whether every row is queued first. */
  readonly seeds: boolean
  /** What a row of each version is made of. */
  readonly reads: { readonly old: readonly HookColumn[]; readonly new: readonly HookColumn[] }
  /** What the hook may set. */
  readonly sets: { readonly up: readonly HookColumn[]; readonly down: readonly HookColumn[] }
}

export interface HookColumn {
  readonly field: CompiledField
  /** Quoted. */
  readonly column: string
  readonly type: string
}

/** The new version is live, installs move; or the old ones are retired, and nobody is left who uses them. */
export interface TurnStep extends StepBase {
  readonly kind: 'live' | 'retire'
  readonly statements: readonly string[]
}

export type Step = DdlStep | IndexStep | DropIndexStep | BackfillStep | HookStep | TurnStep

export interface Backfill {
  readonly entity: string
  /** Qualified and quoted. */
  readonly table: string
  /** Quoted columns of the primary key, the tenant first, and their types. */
  readonly key: readonly { readonly column: string; readonly type: string }[]
  /** Fields of the key by name, for a report. */
  readonly keyFields: readonly string[]
  readonly action: 'update' | 'delete'
  /** `"a" = expression, …` of the alias `t`. */
  readonly set: string
  /** Which rows need it. */
  readonly where: string
  /** What each value comes to, for a look beforehand at the rows that it cannot be worked out for. */
  readonly values: readonly BackfillValue[]
}

export interface BackfillValue {
  readonly field: string
  readonly type: string
  /** Of the alias `t`. */
  readonly expression: string
  /** What has to hold of `"v"`; null where nothing has to. */
  readonly predicate: string | null
}

/** What in the data stands in the way of a step. */
export interface Blockers {
  readonly code: 'NULLS' | 'DUPLICATES' | 'ORPHANS' | 'OUT_OF_BOUNDS'
  readonly message: string
  readonly hint: string
  /** Answers the number of rows or groups. */
  readonly count: string
  /** Answers them, each with its `tenant_id`: one text column of JSON. Some are asked for. */
  readonly samples: string
}

export interface MigrationPlan {
  readonly schema: string
  readonly fromVersion: number
  readonly toVersion: number
  /** Versions of the migrations that it is published over: they wait for their contracts, which come first. */
  readonly over?: readonly number[]
  readonly changes: readonly Change[]
  /** The names of the new version. */
  readonly mapping: Mapping
  readonly steps: readonly Step[]
  /** What clients of the old version may meet while both are live. */
  readonly announcements: readonly string[]
  /** To be given where a step is destructive; short for the hash of the plan. */
  readonly token: string
  /** SHA-256 of the steps, hex. */
  readonly hash: string
}
