/** Passes on what clients write while both versions serve, beside whatever else is run: each migration by itself, so that none waits for another one's hooks. */
import { setTimeout } from 'node:timers/promises'
import type { Database, Observe } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { unknownHook } from './find-hook.ts'
import type { MigrationHook } from './migration-hook.ts'
import { type MigrationRow, readMigration } from './migration-row.ts'
import { migratorTransaction, query } from './migrator-transaction.ts'
import { createPassing, notePassed, PASS_EVERY_MS, type Passing, passOn } from './pass-on.ts'
import { withLease } from './run.ts'

/** A process that has the hook would have come by. */
const UNKNOWN_AFTER_MS = 3_000

export interface PassingOptions {
  readonly hooks: readonly MigrationHook[]
  readonly observe: Observe
  /** Null for all. */
  readonly schemaId: string | null
  readonly onFault: (error: unknown) => void
  /** How often it looks where no hooks are given. */
  readonly intervalMs: number
  /** See `RunOptions`. */
  readonly home?: Database
  readonly signal: AbortSignal
  /** Whether a migration is run here: then that passes on what there is. */
  readonly isRun: (id: string) => boolean
  /** Told when a pass that was stopped has ended. */
  readonly stopped: () => void
}

export interface Passes {
  /** Of the migrations that something is passed on of right now. */
  ids(): readonly string[]
  /** Lets a migration go, so that it can be run. @returns false where nothing of it was under way. */
  stop(id: string): boolean
  /** When all is over, after the signal. */
  readonly ended: Promise<void>
}

interface UnderWay {
  readonly stopping: AbortController
  readonly work: Promise<void>
}

/** A migration with rows in the queue, or with what is told of them. */
interface Hooked {
  readonly id: string
  /** By name. */
  readonly hooks: readonly string[]
  /** The oldest place; null where nothing is queued. */
  readonly oldest: string | null
  /** Nobody has the lease. */
  readonly isFree: boolean
  /** It is told already, or the way back tells it. */
  readonly isTold: boolean
}

const HOOKED = `select m.id::text, h.hooks, q.oldest::text, (m.lease_until <= clock_timestamp())::text,
    (m.wanted is not distinct from 'rolled_back' or coalesce(m.problem::json ->> 'code' in ('HOOK_FAILED', 'MIGRATION_HOOK_UNKNOWN'), false))::text
  from backsaas.migrations m
  cross join lateral (select json_agg(distinct s ->> 'hook')::text as hooks, array_agg(distinct s ->> 'table') as tables
    from json_array_elements(m.plan::json -> 'steps') s where s ->> 'kind' = 'hook') h
  left join lateral (select min(n) as oldest from backsaas.migration_keys where table_name = any (h.tables)) q on true
  where m.phase in ('live', 'contract') and ($1::uuid is null or m.schema_id = $1) and m.plan like '%"kind":"hook"%'
    and (m.phase = 'live' or m.phase = 'contract' and m.plan::json -> 'steps' -> m.step ->> 'kind' in ('retire', 'hook'))
    and (q.oldest is not null or m.state = 'waiting' and m.problem::json ->> 'code' in ('HOOK_FAILED', 'MIGRATION_HOOK_UNKNOWN'))`

export function startPassing(database: Database, options: PassingOptions): Passes {
  const { hooks, observe, onFault, signal, isRun } = options
  const underWay = new Map<string, UnderWay>()
  /** What passes have left for the next ones. */
  const passings = new Map<string, Passing>()
  /** Since when the oldest row of those that nobody here has a hook for is the same. */
  const unknown = new Map<string, { readonly oldest: string; readonly sinceMs: number }>()

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await look().catch(onFault)
      await setTimeout(hooks.length > 0 ? PASS_EVERY_MS : options.intervalMs, null, { signal }).catch(() => null)
    }
    await Promise.all([...underWay.values()].map(({ work }) => work))
  }

  async function look(): Promise<void> {
    const hooked = await readHooked(database, options.schemaId)
    for (const map of [passings, unknown])
      for (const id of map.keys()) if (!hooked.some((one) => one.id === id)) map.delete(id)
    for (const one of hooked) {
      if (signal.aborted || isRun(one.id) || underWay.has(one.id) || !one.isFree) continue
      const missing = one.hooks.find((name) => hooks.every((hook) => hook.name !== name))
      if (missing !== undefined) await noteUnknown(one, missing)
      else begin(one.id)
    }
  }

  function begin(id: string): void {
    const stopping = new AbortController()
    const work = pass(id, AbortSignal.any([stopping.signal, signal]))
      .catch((error: unknown) => {
        if (!isAnothers(error)) onFault(error)
      })
      .then(() => {
        underWay.delete(id)
        if (stopping.signal.aborted) options.stopped()
      })
    underWay.set(id, { stopping, work })
  }

  function pass(id: string, until: AbortSignal): Promise<void> {
    const how = { hooks, observe, signal: until, ...(options.home && { home: options.home }) }
    return withLease(database, id, how, async (run) => {
      const migration = await migratorTransaction(database, (connection) => readMigration(connection, id))
      if (!isServing(migration)) return
      const passing = passings.get(id) ?? createPassing()
      passings.set(id, passing)
      await notePassed(run, (await passOn(run, migration, passing)).problem)
    })
  }

  /** Another process may have it: then what is queued is passed on before long. */
  async function noteUnknown({ id, oldest, isTold }: Hooked, name: string): Promise<void> {
    if (oldest === null || isTold) return
    const before = unknown.get(id)
    if (before?.oldest !== oldest) unknown.set(id, { oldest, sinceMs: Date.now() })
    else if (Date.now() - before.sinceMs >= UNKNOWN_AFTER_MS) await tellUnknown(id, name)
  }

  async function tellUnknown(id: string, name: string): Promise<void> {
    const error = unknownHook(name, 'what one version writes is not seen by the other meanwhile')
    const { code, message, hint } = error
    const told = await migratorTransaction(database, (connection) =>
      query(
        connection,
        `update backsaas.migrations set state = 'waiting', problem = $2
         where id = $1 and lease_until <= clock_timestamp() and state in ('ready', 'running', 'waiting') returning 1::text`,
        [id, JSON.stringify({ code, message, hint, hook: name })],
      ),
    )
    if (told.length > 0) observe({ kind: 'error', code, error })
  }

  return {
    ids: () => [...underWay.keys()],
    stop(id) {
      underWay.get(id)?.stopping.abort()
      return underWay.has(id)
    },
    ended: loop(),
  }
}

async function readHooked(database: Database, schemaId: string | null): Promise<Hooked[]> {
  const rows = await migratorTransaction(database, (connection) => query(connection, HOOKED, [schemaId]))
  return rows.map(([id, hooks, oldest, isFree, isTold]) => ({
    id: String(id),
    hooks: JSON.parse(String(hooks)) as string[],
    oldest: oldest ?? null,
    isFree: isFree === 'true',
    isTold: isTold === 'true',
  }))
}

/** As `HOOKED` asks for: before anything is taken away. */
function isServing({ phase, plan, step }: MigrationRow): boolean {
  const kind = plan.steps[step]?.kind
  return phase === 'live' || (phase === 'contract' && (kind === 'retire' || kind === 'hook'))
}

/** Whoever has the migration passes on what there is; or it was stopped. */
function isAnothers(error: unknown): boolean {
  return error instanceof BackSaasError && ['MIGRATION_BUSY', 'LEASE_LOST', 'MIGRATION_STOPPED'].includes(error.code)
}
