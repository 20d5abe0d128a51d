/** Both versions serve: what one writes is passed on to the other by hooks, again and again, and where that fails it is told. */
import { BackSaasError } from '@backsaas/core'
import { type HookedTable, hookedTables, type Side } from './hook-queue.ts'
import type { MigrationProblem, MigrationRow } from './migration-row.ts'
import { query } from './migrator-transaction.ts'
import type { Run } from './run.ts'
import { describeFailures, drain, type Failures } from './run-hook.ts'

/** How often it is looked whether anything has been written. */
export const PASS_EVERY_MS = 500
/** A pass that takes longer goes on at the next one: whoever else waits for the migration has a turn. */
const PASS_MS = 2_000
/** How often rows are asked for again that a hook fails for; what is written anew is asked for at once. */
const AGAIN_EVERY_MS = 5_000
const TOLD_EVERY_MS = 60_000

/** What one pass leaves for the next one of the same migration. */
export interface Passing {
  /** By table. */
  readonly failures: Map<string, Failures>
  /** How far a table's queue has been asked for; from its beginning where nothing is there. */
  readonly places: Map<string, string>
  /** When it is begun anew with the rows that have failed. */
  againAtMs: number
  /** Since when they have been asked for. */
  sinceMs: number
  toldAtMs: number
}

export interface Passed {
  /** The rows that hooks fail for; null where there are none. */
  readonly problem: MigrationProblem | null
  /** Whether any of them has been written by an older version: lost where that one is retired. */
  readonly isOldFailing: boolean
}

export function createPassing(): Passing {
  return { failures: new Map(), places: new Map(), againAtMs: 0, sinceMs: 0, toldAtMs: Number.NEGATIVE_INFINITY }
}

/**
 * One pass. Rows that somebody is writing right now are left for the next one.
 *
 * @throws `MIGRATION_HOOK_UNKNOWN` (409) where something is queued, and this process does not have the hook.
 */
export async function passOn(run: Run, migration: MigrationRow, passing: Passing): Promise<Passed> {
  const tables = hookedTables(migration.plan)
  if (Date.now() >= passing.againAtMs) begin(passing)
  const untilMs = Date.now() + PASS_MS
  let isEnded = true
  for (const table of tables) isEnded = (await passTable(run, table, passing, untilMs)) && isEnded
  // What takes long is asked for the less often.
  if (isEnded && passing.againAtMs === Number.POSITIVE_INFINITY)
    passing.againAtMs = Date.now() + Math.max(AGAIN_EVERY_MS, 2 * (Date.now() - passing.sinceMs))
  const failing = new Map(tables.map((table) => [table, passing.failures.get(table.table) ?? new Map()]))
  const all = [...passing.failures.values()].flatMap((failures) => [...failures.values()])
  if (all.length === 0) passing.againAtMs = 0
  const problem = describeFailures(failing, migration.ownerId)
  observeFailing(run, migration, problem, passing)
  return { problem, isOldFailing: all.some(({ side }) => side === 'up') }
}

function begin(passing: Passing): void {
  passing.places.clear()
  passing.sinceMs = Date.now()
  passing.againAtMs = Number.POSITIVE_INFINITY
}

const SIDES: readonly Side[] = ['up', 'down']

/** @returns whether it has come to the end. */
async function passTable(run: Run, table: HookedTable, passing: Passing, untilMs: number): Promise<boolean> {
  const from = passing.places.get(table.table) ?? '0'
  const failures: Failures = passing.failures.get(table.table) ?? new Map()
  passing.failures.set(table.table, failures)
  const { place, isEnd } = await drain(run, table, failures, { sides: SIDES, waits: false, from, untilMs })
  passing.places.set(table.table, place)
  // They are not in the queue any more: the rows are gone.
  if (isEnd) for (const [key, { askedAtMs }] of failures) if (askedAtMs < passing.sinceMs) failures.delete(key)
  return isEnd
}

function observeFailing(
  { options }: Run,
  { schema, toVersion }: MigrationRow,
  problem: MigrationProblem | null,
  passing: Passing,
): void {
  if (!problem) passing.toldAtMs = Number.NEGATIVE_INFINITY
  if (!problem || Date.now() - passing.toldAtMs < TOLD_EVERY_MS) return
  passing.toldAtMs = Date.now()
  const { code, message, hint, count } = problem
  const error = new BackSaasError(code, 409, `${schema} to version ${toVersion}: ${message}`, {
    ...(hint && { hint }),
    details: { count: count ?? null },
  })
  options.observe?.({ kind: 'error', code, error })
}

/** Writes down what a pass came to, where nobody runs the migration; what else the row waits for is that of whoever does. */
export async function notePassed(run: Run, problem: MigrationProblem | null): Promise<void> {
  await run.commit([], async (transaction) => {
    const id = run.lease.migrationId
    if (problem) {
      await query(
        transaction,
        `update backsaas.migrations set state = 'waiting', problem = $2
         where id = $1 and state in ('ready', 'running', 'waiting') and problem is distinct from $2`,
        [id, JSON.stringify(problem)],
      )
      return
    }
    await query(
      transaction,
      `update backsaas.migrations set state = 'ready', problem = null
       where id = $1 and state = 'waiting' and problem::json ->> 'code' in ('HOOK_FAILED', 'MIGRATION_HOOK_UNKNOWN', 'DATABASE_BUSY')`,
      [id],
    )
  })
}
