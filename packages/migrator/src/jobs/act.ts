/** What the kinds of jobs have in common: what an act is given, and what it comes to. */
import type { Connection, FunctionDefinition, JobArguments, JobBase, JobKind, JsonObject } from '@backsaas/core'
import type { Naming } from '../plan/names.ts'
import type { Decide } from '../registry/decide.ts'
import type { FoundTenant } from '../registry/find-tenant.ts'
import type { Platform } from '../registry/platform.ts'

export interface ActContext {
  /** Within the transaction that also says that the job is done. */
  readonly connection: Connection
  readonly platform: Platform
  /** Whose job it is. */
  readonly tenant: FoundTenant
  /** The id of the key or user that asked for it; null where nobody is known. */
  readonly askedBy: string | null
  /** The newest versions when it was asked for; null where nobody looked. */
  readonly base: JobBase | null
  readonly naming: Naming
  readonly decide: Decide | undefined
  /** What documents may name. */
  readonly functions: readonly FunctionDefinition[]
}

export interface ActDone {
  readonly result: JsonObject
  /** A placement with something left that cannot stand in a transaction. */
  readonly placementId?: string
}

/** @throws the `BackSaasError` that the request is answered with; nothing of the act is then kept. */
export type Act<K extends JobKind> = (input: JobArguments[K], context: ActContext) => Promise<ActDone>
