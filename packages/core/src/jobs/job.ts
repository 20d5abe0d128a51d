/** Jobs: what a runtime asks for and the migrator process does; rows of the platform's `jobs`. */
import type { Json, JsonObject } from '../contracts/json.ts'

/** The kinds, each called by its name at `/rest/v1/rpc/{kind}`; those of the platform's `jobs.kind`. */
export const JOB_KINDS = [
  'publish_schema',
  'validate_schema',
  'diff_schema',
  'list_installable_schemas',
  'install_schema',
  'uninstall_schema',
  'provision_tenant',
  'suspend_tenant',
  'resume_tenant',
  'replay_events',
  'continue_migration',
  'rollback_migration',
  'start_rollout',
  'pause_rollout',
  'resume_rollout',
  'advance_rollout',
  'abort_rollout',
  'pin_install',
  'unpin_install',
] as const

export type JobKind = (typeof JOB_KINDS)[number]

/** What only the tenant `system` may ask for; the rules of `jobs` say so too. */
export const PLATFORM_JOB_KINDS: ReadonlySet<JobKind> = new Set<JobKind>([
  'provision_tenant',
  'suspend_tenant',
  'resume_tenant',
  'replay_events',
])

/** They change nothing, so they wait for no other job of their tenant. */
export const READING_JOB_KINDS: ReadonlySet<JobKind> = new Set<JobKind>([
  'validate_schema',
  'diff_schema',
  'list_installable_schemas',
])

/** So many jobs of a tenant may wait at once; `system`, the operator's, may have any number. */
export const JOBS_WAITING_MAX = 100

/** The notification that new jobs are there, for whoever listens. */
export const JOBS_CHANNEL = 'backsaas_jobs'

export interface JobArguments {
  readonly publish_schema: DocumentArguments & {
    /** The newest version that the author knows of; 0 for none. */
    readonly base?: number
    /** It serves, and nobody moves to it before a roll-out does it. */
    readonly hold?: boolean
  }
  readonly validate_schema: DocumentArguments
  readonly diff_schema: DocumentArguments & {
    readonly schema?: string
    readonly from?: number
    readonly to?: number
  }
  readonly list_installable_schemas: {
    /** Part of a name. */
    readonly search?: string
    /** `owner/name`: those that come after it. */
    readonly after?: string
  }
  readonly install_schema: {
    /** A name, or `owner/name`. */
    readonly schema: string
    /** The profile; default the schema's name. */
    readonly as?: string
  }
  readonly uninstall_schema: {
    /** What it is installed as. */
    readonly profile: string
  }
  readonly provision_tenant: {
    readonly slug: string
    readonly name?: string
    readonly hosts?: readonly string[]
    readonly schemas?: readonly string[]
    /** Where the rows of what it installs are: the name of a store. */
    readonly store?: string
    /** The id it gets. */
    readonly id?: string
    /** An API key of its admin, which the runtime has made and shown: only its hash is written down. */
    readonly key?: KeyToStore
  }
  readonly suspend_tenant: { readonly tenant: string }
  readonly resume_tenant: { readonly tenant: string }
  readonly replay_events: {
    /** Positions, both included. */
    readonly from: number
    readonly to?: number
    readonly types?: readonly string[]
  }
  readonly continue_migration: MigrationArguments & {
    /** To its end: older versions are retired, and what only they need goes. */
    readonly contract?: boolean
    /** The plan's token, where a step loses data for good. */
    readonly confirm?: string
    /** With `contract`: before the time is over that older versions were promised. */
    readonly now?: boolean
  }
  readonly rollback_migration: MigrationArguments
  readonly start_rollout: {
    /** The name of a schema of the tenant. */
    readonly schema: string
    /** A version that serves; the newest unless given. */
    readonly to?: number
    /** One after the other; the last is all. Percent, or `{ percent }` or `{ where }` with a `bake` of its own. */
    readonly waves?: Json
    /** How long a wave is looked at before the next: seconds, or `90s`, `10m`, `2h`, `1d`. */
    readonly bake?: Json
    /** What the version must hold to go on. */
    readonly gates?: Json
  }
  readonly pause_rollout: RolloutArguments
  readonly resume_rollout: RolloutArguments
  /** Does not wait for the rest of the wave's time, nor for its gates. */
  readonly advance_rollout: RolloutArguments & {
    /** No gate halts the wave that it comes to; one that has halted goes on with the wave that did. */
    readonly force?: boolean
    /** Why, with `force`. */
    readonly reason?: string
  }
  readonly abort_rollout: RolloutArguments
  readonly pin_install: PinArguments & {
    /** One that serves; default the one that it has. */
    readonly version?: number
    /** See `readDeadline`. */
    readonly until: string
    readonly reason: string
  }
  readonly unpin_install: PinArguments & {
    /** It keeps its version until it is moved the next time. */
    readonly stay?: boolean
  }
}

/** One of both. */
export interface RolloutArguments {
  readonly rollout?: string
  /** The name of a schema of the tenant: its roll-out that is not over. */
  readonly schema?: string
}

export interface PinArguments {
  /** What it is installed as. */
  readonly profile: string
  /** Slug or id: of another tenant for `system` alone. */
  readonly tenant?: string
}

/** One of both. */
export interface MigrationArguments {
  readonly migration?: string
  /** The name of a schema of the tenant: its migration that is not over. */
  readonly schema?: string
}

/** One of both. */
export interface DocumentArguments {
  /** YAML or JSON text. */
  readonly source?: string
  /** The id of a row of `drafts`. */
  readonly draft?: string
}

export interface KeyToStore {
  readonly prefix: string
  readonly hash: string
}

/** What a job of a kind is asked with, told apart by its kind. */
export type JobRequest = { readonly [K in JobKind]: { readonly kind: K; readonly input: JobArguments[K] } }[JobKind]

/** The newest version of each of the tenant's schemas, by name, when a job was asked for. */
export type JobBase = Readonly<Record<string, number>>

export function isJobKind(name: string): name is JobKind {
  return (JOB_KINDS as readonly string[]).includes(name)
}

/** As plain data. */
export type JobInput = JsonObject
