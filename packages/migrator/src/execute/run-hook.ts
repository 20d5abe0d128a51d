/** A step that converts rows by a hook: every row is queued once, then the queue is worked off, each row compared and set. */
import type { Connection, Database, Json } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { literal } from '../plan/quote.ts'
import type { HookColumn, HookStep } from '../plan/steps.ts'
import { nextRange, parts, withinRange } from './backfill-statements.ts'
import { HookTimeout, type KnownHook, type Values, valuesOf } from './call-hook.ts'
import { findHook } from './find-hook.ts'
import {
  type HookedTable,
  hookedTables,
  isQueued,
  lastPlace,
  type Made,
  otherSide,
  type Queued,
  readQueue,
  type Side,
  setRows,
} from './hook-queue.ts'
import type { MigrationHook } from './migration-hook.ts'
import { checkpoint, type MigrationProblem, type MigrationRow } from './migration-row.ts'
import { MIGRATOR_SCOPE, query } from './migrator-transaction.ts'
import { finishStep, type Run } from './run.ts'

const SEED_ROWS = 10_000
const SEEDED = 'seeded'
/** What is made of rows is set after that long, whoever is next. */
const SET_AFTER_MS = 200
/** A hook that hangs is not asked for every row there is. */
const MOST_TIMEOUTS = 3
/** How long a queue that is written to all the time is given to be empty. */
const STRICT_MS = 5_000

export interface Failure {
  readonly side: Side
  readonly reason: string
  readonly askedAtMs: number
}

/** Rows that hooks fail for, by their keys as JSON. */
export type Failures = Map<string, Failure>

/** @throws `MIGRATION_HOOK_UNKNOWN` (409) where this process does not have the hook. */
export async function runHook(run: Run, migration: MigrationRow, step: HookStep): Promise<MigrationProblem | null> {
  findHook(run.options.hooks, step.hook)
  if (step.seeds && migration.cursor !== SEEDED) await seed(run, migration, step)
  return whenPassedOn(run, migration, [step.table], async (isLeft) =>
    run.commit([], async (transaction) => {
      if (await isLeft(transaction)) return false
      await finishStep(run, transaction, migration)
      return true
    }),
  )
}

/**
 * Does `work` once nothing is queued for these tables. Where clients write more all the time, that will never be so for long: then once nothing is
 * that was queued before the last look, and what has come since is passed on like all that comes later.
 *
 * @param names all hooked tables of the migration unless given.
 * @param work asks in its own transaction whether anything is left, and answers whether it is done.
 * @returns the rows that hooks fail for; null where it is done, or the run was stopped.
 * @throws `MIGRATION_HOOK_UNKNOWN` (409) where something is queued, and this process does not have the hook.
 */
export async function whenPassedOn(
  run: Run,
  migration: MigrationRow,
  names: readonly string[] | null,
  work: (isLeft: (transaction: Connection) => Promise<boolean>) => Promise<boolean>,
): Promise<MigrationProblem | null> {
  const tables = hookedTables(migration.plan).filter(({ table }) => names?.includes(table) ?? true)
  const sides = sidesLeft(migration)
  const startedAtMs = Date.now()
  while (!run.patience.stopped()) {
    const upTo = await lastPlace(run.database.open(MIGRATOR_SCOPE, 'migrator'), tables)
    const problem = await drainAll(run, migration, tables, sides)
    if (problem || run.patience.stopped()) return problem
    const isStrict = Date.now() - startedAtMs < STRICT_MS
    const isLeft = (transaction: Connection): Promise<boolean> =>
      isQueued(transaction, tables, { sides, upTo: isStrict ? null : upTo })
    if (await work(isLeft)) return null
  }
  return null
}

/** What only a version would see that has been retired, nobody misses. */
function sidesLeft({ phase }: MigrationRow): readonly Side[] {
  return phase === 'contract' ? ['up'] : ['up', 'down']
}

/** What newer clients wrote, for the older ones: before anything of it is dropped. @throws `HOOK_FAILED`, `MIGRATION_HOOK_UNKNOWN` (409). */
export async function passBack(run: Run, migration: MigrationRow): Promise<void> {
  const problem = await drainAll(run, migration, hookedTables(migration.plan), ['down'])
  if (!problem) return
  const { code, message, count, samples } = problem
  throw new BackSaasError(code, 409, message, {
    hint: 'correct these rows, or the hook: what was written to them would be lost on the way back',
    details: { count: count ?? null, samples: samples ?? [] },
  })
}

async function seed(run: Run, migration: MigrationRow, { table, key }: HookStep): Promise<void> {
  const name = literal(table)
  for (let from = migration.cursor; !run.patience.stopped(); ) {
    const last: string | null = await run.commit([], async (transaction) => {
      const range = await nextRange(transaction, { table, key }, from, SEED_ROWS)
      if (range) {
        const within = withinRange(key, from, range.last)
        const text = `insert into backsaas.migration_keys (table_name, tenant_id, row_key, side)
          select ${name}, t.tenant_id, json_build_array(${key.map(({ column }) => `t.${column}::text`).join(', ')})::text, 'up'
          from ${table} as t where ${within.text} on conflict do nothing`
        await query(transaction, text, within.params)
      }
      await transaction.batch([checkpoint(run.lease, { cursor: range?.last ?? SEEDED })])
      return range?.last ?? null
    })
    if (last === null) return
    from = last
  }
}

/** @returns the rows that hooks failed for; null where there are none. */
async function drainAll(
  run: Run,
  { ownerId }: MigrationRow,
  tables: readonly HookedTable[],
  sides: readonly Side[],
): Promise<MigrationProblem | null> {
  const failing = new Map<HookedTable, Failures>()
  for (const table of tables) {
    const failures: Failures = new Map()
    await drain(run, table, failures, { sides, waits: true })
    if (failures.size > 0) failing.set(table, failures)
  }
  return describeFailures(failing, ownerId)
}

export interface Draining {
  readonly sides: readonly Side[]
  /** For rows that somebody is writing; else they stay in the queue. */
  readonly waits: boolean
  readonly from?: string
  /** No row is asked for after that time. */
  readonly untilMs?: number
}

export interface Drained {
  /** How far it has come. */
  readonly place: string
  /** Whether that is the end. */
  readonly isEnd: boolean
}

/**
 * One pass through what is queued now; what comes meanwhile is left.
 *
 * @param failures changed: rows that the hooks fail for from now on, and those that they do not any more.
 * @throws `MIGRATION_HOOK_UNKNOWN` (409) where something is queued, and this process does not have the hook.
 */
export async function drain(
  run: Run,
  table: HookedTable,
  failures: Failures,
  { sides, waits, from = '0', untilMs = Number.POSITIVE_INFINITY }: Draining,
): Promise<Drained> {
  const connection = run.database.open(MIGRATOR_SCOPE, 'migrator')
  const upTo = await lastPlace(connection, [table])
  if (upTo === '0') return { place: from, isEnd: true }
  const failed = ({ key, side }: Queued, reason: string): void => {
    failures.set(key, { side, reason, askedAtMs: Date.now() })
  }
  let timeouts = 0
  for (let after = from; ; ) {
    const queued = await readQueue(connection, table, { sides, from: after, upTo })
    if (queued.length === 0) return { place: after, isEnd: true }
    const hooks = knownHooks(table, run.options.hooks)
    for (let rest: readonly Queued[] = queued; rest.length > 0; ) {
      const made: Made[] = []
      const startedAtMs = Date.now()
      let isOver = false
      for (const one of rest) {
        isOver = run.patience.stopped() || Date.now() > untilMs || timeouts >= MOST_TIMEOUTS
        if (isOver || (made.length > 0 && Date.now() - startedAtMs > SET_AFTER_MS)) break
        rest = rest.slice(1)
        after = one.n
        failures.delete(one.key)
        try {
          made.push({ one, values: await madeOf(hooks, one, run.options.signal) })
        } catch (error) {
          if (isStop(error)) throw error
          if (error instanceof HookTimeout) timeouts++
          failed(one, error instanceof Error ? error.message : String(error))
        }
      }
      await setRows(run, table, made, { waits, failed })
      if (isOver) return { place: after, isEnd: false }
    }
  }
}

function knownHooks({ steps }: HookedTable, hooks: readonly MigrationHook[] | undefined): KnownHook[] {
  return steps.map((step) => ({ step, hook: findHook(hooks, step.hook) }))
}

/** Where versions of both sides have written the row, in the order in which they have, as if each had been passed on at once. */
async function madeOf(
  hooks: readonly KnownHook[],
  { side, row, later }: Queued,
  stopping: AbortSignal | undefined,
): Promise<Values | null> {
  if (row === null) return null
  if (later === null) return valuesOf(hooks, side, row, stopping)
  const isKept = ({ column }: HookColumn): boolean => !later.columns.includes(column)
  // All that would be set may have been written since: no answer is needed, and none may be had.
  const isAsked = hooks.some(({ step }) => step.sets[side].some(isKept))
  const first = isAsked ? (await valuesOf(hooks, side, row, stopping)).filter(({ at }) => isKept(at)) : []
  const passed = Object.fromEntries(first.map(({ at, value }) => [at.field.name, value]))
  return [...first, ...(await valuesOf(hooks, otherSide(side), { ...later.row, ...passed }, stopping))]
}

function isStop(error: unknown): boolean {
  return error instanceof BackSaasError && error.code === 'MIGRATION_STOPPED'
}

/** How many, and some of them, those of the schema's owner first. */
export function describeFailures(
  failing: ReadonlyMap<HookedTable, Failures>,
  ownerId: string,
): MigrationProblem | null {
  const tables = [...failing].filter(([, failures]) => failures.size > 0)
  if (tables.length === 0) return null
  const found = tables.flatMap(([{ entity }, failures]) =>
    [...failures].map(([key, { reason }]) => ({ tenant_id: parts(key)[0] ?? '', key: parts(key), reason, entity })),
  )
  const own = found.filter((one) => one.tenant_id === ownerId)
  const others = found.filter((one) => one.tenant_id !== ownerId)
  const messages = tables.map(([{ entity, steps }, { size }]) => {
    const names = steps.map(({ hook }) => hook)
    return `the hook${names.length > 1 ? 's' : ''} ${names.join(', ')} fail${names.length > 1 ? '' : 's'} for ${size} rows of ${entity}`
  })
  return {
    code: 'HOOK_FAILED',
    message: messages.join('; '),
    hint: 'correct these rows, or the hook, then go on; or go back',
    count: found.length,
    samples: [...own, ...others].slice(0, 5).map((one): Json => ({ ...one })),
  }
}

/** Whether a hook fails for any row that is queued, or is not there to be asked; asks up to the first one, and sets nothing. */
export async function isAnyHookFailing(
  database: Database,
  migration: MigrationRow,
  hooks: readonly MigrationHook[] | undefined,
  stopping?: AbortSignal,
): Promise<boolean> {
  const connection = database.open(MIGRATOR_SCOPE, 'migrator')
  const sides = sidesLeft(migration)
  for (const table of hookedTables(migration.plan)) {
    const upTo = await lastPlace(connection, [table])
    for (let from = '0'; ; ) {
      const queued = await readQueue(connection, table, { sides, from, upTo })
      const last = queued.at(-1)
      if (!last) break
      from = last.n
      try {
        const known = knownHooks(table, hooks)
        for (const one of queued) await madeOf(known, one, stopping)
      } catch {
        return true
      }
    }
  }
  return false
}
