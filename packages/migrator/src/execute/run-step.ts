/** One step of a migration, by its kind: what it does, its checkpoint, and what in the data stands in its way. */
import { BackSaasError, type Connection, DatabaseError } from '@backsaas/core'
import type { BackfillStep, Blockers, DdlStep, DropIndexStep, IndexStep, Step, TurnStep } from '../plan/steps.ts'
import { goLive } from '../registry/go-live.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { DRAIN_MS } from '../registry/release-version.ts'
import { type Counted, readCounted } from '../rollouts/health.ts'
import { atHome } from '../stores/at-home.ts'
import { refuseReturning } from '../stores/refuse-returning.ts'
import { longTransaction, pause } from './attempts.ts'
import { backfillRows } from './backfill-rows.ts'
import { createClientHealth } from './client-health.ts'
import { convergeIndex, dropBroken, dropIndexes } from './converge-index.ts'
import { describeBlockers } from './describe-blockers.ts'
import { tellProgress } from './events.ts'
import { backfillHealth } from './health.ts'
import { laterIndexes, runKeepingOthers } from './keep-others.ts'
import { checkpoint, type MigrationProblem, type MigrationRow } from './migration-row.ts'
import { ddl, EXCLUSIVE, MIGRATOR_SCOPE, migratorTransaction, query, runDdl } from './migrator-transaction.ts'
import { createPassing, PASS_EVERY_MS, passOn } from './pass-on.ts'
import { awaitReaders, markRetired, whoGoesFirst, whoHoldsOld } from './retire-versions.ts'
import { finishStep, type Run } from './run.ts'
import { runHook, whenPassedOn } from './run-hook.ts'
import { stopWithdrawn } from './withdrawn-contract.ts'

const PROGRESS_EVERY_MS = 1000

/** @returns what stands in its way, where that is for somebody to correct; null where the step is done, or the run was stopped. */
export function runStep(run: Run, migration: MigrationRow, step: Step): Promise<MigrationProblem | null> {
  switch (step.kind) {
    case 'ddl':
      return runStatements(run, migration, step)
    case 'index':
      return runIndex(run, migration, step)
    case 'drop_index':
      return converged(run, migration, () => dropUnneeded(run, migration, step))
    case 'backfill':
      return runBackfill(run, migration, step)
    case 'live':
      return runLive(run, migration)
    case 'retire':
      return runRetire(run, migration, step)
    case 'hook':
      return runHook(run, migration, step)
  }
}

async function runStatements(run: Run, migration: MigrationRow, step: DdlStep): Promise<MigrationProblem | null> {
  try {
    if (step.phase === 'contract') return await takeAway(run, migration, step)
    await run.commitLocked(step.tables, async (transaction) => {
      await finishStep(run, transaction, migration)
      await runDdl(transaction, step.statements)
    })
    return null
  } catch (error) {
    return inTheWay(run, migration, error, step.blockers)
  }
}

/** Not while what it takes away is yet to be passed on by a hook. */
function takeAway(run: Run, migration: MigrationRow, step: DdlStep): Promise<MigrationProblem | null> {
  return whenPassedOn(run, migration, step.tables, (isLeft) =>
    run.commitLocked(step.tables, async (transaction) => {
      if (await isLeft(transaction)) return false
      await finishStep(run, transaction, migration)
      await runKeepingOthers(transaction, migration, step)
      return true
    }),
  )
}

async function runIndex(run: Run, migration: MigrationRow, step: IndexStep): Promise<MigrationProblem | null> {
  try {
    for (let problem = await longTransaction(run.database, step.tables); problem; ) {
      await run.patience.waiting(problem)
      await pause(1000)
      if (run.patience.stopped()) return null
      problem = await longTransaction(run.database, step.tables)
      if (!problem) await run.patience.waiting(null)
    }
    return await converged(run, migration, () => convergeIndex(run.database, migration.placementId, step))
  } catch (error) {
    const problem = await inTheWay(run, migration, error, step.blockers)
    await dropBroken(run.database, migration.placementId, step)
    return problem
  }
}

/** But for those that a version which was published over this one needs: what is left over is dropped when no migration is open. */
async function dropUnneeded({ database }: Run, migration: MigrationRow, step: DropIndexStep): Promise<void> {
  const later = await migratorTransaction(database, (connection) => laterIndexes(connection, migration))
  const needed = later.filter(({ table }) => table === step.table)
  const indexes = step.indexes.filter((set) => !needed.some(({ columns }) => columns.every((one, i) => set[i] === one)))
  await dropIndexes(database, migration.placementId, { ...step, indexes })
}

/** What cannot be in a transaction is looked at, not remembered: only that it is there is written down. */
async function converged(run: Run, migration: MigrationRow, work: () => Promise<void>): Promise<null> {
  await work()
  await run.commit([], (transaction) => finishStep(run, transaction, migration))
  return null
}

/** An error that comes of rows there are → how many, and some of them. */
async function inTheWay(
  { database }: Run,
  { ownerId }: MigrationRow,
  error: unknown,
  blockers: Blockers | undefined,
): Promise<MigrationProblem> {
  if (!blockers || !(error instanceof DatabaseError) || !error.fields.sqlState.startsWith('23')) throw error
  return migratorTransaction(database, (connection) => describeBlockers(connection, blockers, { first: ownerId }))
}

async function runBackfill(run: Run, migration: MigrationRow, step: BackfillStep): Promise<MigrationProblem | null> {
  const { database, lease, platform, options } = run
  if (migration.cursor === null) await analyse(run, step)
  const startedAtMs = Date.now()
  let toldAtMs = startedAtMs
  const total = Math.max(step.rows, await estimate(run, step))
  const clients = createClientHealth(() => readAnswers(run, migration))
  const problem = await backfillRows({
    database,
    migrationId: lease.migrationId,
    stepIndex: migration.step,
    step,
    cursor: migration.cursor,
    rowsDone: migration.cursor === null ? 0 : migration.rowsDone,
    commit: (work) =>
      run.commit([], async (transaction) => {
        // Rows too: who waits longer than this would make a client wait for a deadlock to be found.
        await transaction.batch([ddl(`set local lock_timeout = '50ms'`)])
        return work(transaction)
      }),
    async advance(cursor, rowsDone, statements) {
      const rowsTotal = Math.max(total, rowsDone)
      const place = { cursor, rowsDone, rowsTotal }
      if (Date.now() - toldAtMs < PROGRESS_EVERY_MS) return run.send(statements, place)
      toldAtMs = Date.now()
      const rate = Math.round((rowsDone / (toldAtMs - startedAtMs)) * 1000)
      const told = tellProgress(platform, migration, { done: rowsDone, total: rowsTotal, rate })
      const results = await run.send([...statements, told], place)
      void run.report().catch(() => undefined)
      return results
    },
    health: async () =>
      (await options.health?.()) ?? (await backfillHealth(database, step.backfill.table)) ?? (await clients()),
    async paused(reason) {
      const problem = reason === null ? null : { code: 'PAUSED', message: reason, hint: 'it goes on by itself' }
      await run.patience.waiting(problem)
    },
    stopped: () => options.signal?.aborted === true,
  })
  if (problem || options.signal?.aborted) return problem
  await run.commit([], (transaction) => finishStep(run, transaction, migration))
  return null
}

/** What runtimes have counted of the schema's versions. They tell it at home. */
function readAnswers({ database, home, platform }: Run, migration: MigrationRow): Promise<Counted> {
  return migratorTransaction(home ?? database, async (connection) =>
    readCounted(connection, home ? await readPlatform(connection) : platform, migration),
  )
}

/** So that ranges are found by the index from the first on. The key alone: what is filled will be another thing afterwards. */
async function analyse(run: Run, step: BackfillStep): Promise<void> {
  await run.commit([], async (transaction) => {
    const { table, key } = step.backfill
    await runDdl(transaction, [`analyze ${table} (${key.map(({ column }) => column).join(', ')})`])
  })
}

async function estimate(run: Run, { backfill }: BackfillStep): Promise<number> {
  const text = 'select greatest(reltuples, 0)::bigint::text from pg_class where oid = to_regclass($1)'
  const [row] = await query(run.database.open(MIGRATOR_SCOPE, 'migrator'), text, [backfill.table])
  return Number(row?.[0] ?? 0)
}

/** With nothing queued for hooks: what older clients wrote is what the new version shows first. */
function runLive(run: Run, migration: MigrationRow): Promise<MigrationProblem | null> {
  return whenPassedOn(run, migration, null, (isLeft) =>
    run.commit([], async (transaction) => {
      await transaction.batch([EXCLUSIVE])
      if (await isLeft(transaction)) return false
      await goLive(transaction, run.platform, migration, { drainMs: run.options.drainMs ?? DRAIN_MS })
      await finishStep(run, transaction, migration)
      return true
    }),
  )
}

/** The first two transactions of three; what is dropped is dropped by the steps that follow. Both versions serve while it waits. */
async function runRetire(run: Run, migration: MigrationRow, _step: TurnStep): Promise<null> {
  const startedAtMs = Date.now()
  const passing = createPassing()
  let told = ''
  while (migration.cursor !== 'retired') {
    const { problem, isOldFailing } = await passOn(run, migration, passing)
    // Rows that a hook fails for are told first: nobody else would see them.
    const holder = isOldFailing ? problem : await whoHolds(run, migration)
    if (!holder) break
    const shown = problem ?? holder
    // It may last for weeks: told when it changes.
    if (JSON.stringify(shown) !== told) await run.patience.waiting(shown)
    told = JSON.stringify(shown)
    if (run.options.signal?.aborted) return null
    if (Date.now() - startedAtMs > run.patience.giveUpAfterMs) throw stillHeld(shown)
    // The longer it lasts, the less often it is looked at.
    const pauseMs = Math.min(5_000, Math.max(1_000, (Date.now() - startedAtMs) / 60))
    await pausePassingOn(pauseMs, JSON.stringify(problem), async () => (await passOn(run, migration, passing)).problem)
  }
  const isOver = await awaitReaders(run, async () => {
    await passOn(run, migration, passing)
  })
  if (!isOver) return null
  await run.commit([], (transaction) => finishStep(run, transaction, migration))
  return null
}

/** Retires the older versions, unless somebody holds them. */
async function whoHolds(run: Run, migration: MigrationRow): Promise<MigrationProblem | null> {
  const close = async (connection: Connection, platform: Platform): Promise<MigrationProblem | null> => {
    await connection.batch([EXCLUSIVE])
    // The default store's may have been taken back while this one waited.
    if (migration.follows) await refuseReturning(connection, platform, migration.schemaId)
    const problem = await whoHoldsOld(connection, platform, migration, run.options.now === true)
    if (!problem) await markRetired(connection, migration.placementId, { below: migration.toVersion })
    return problem
  }
  const elsewhere = run.home && ((await whoIsFirst(run, migration)) ?? (await atHome(run.home, close)))
  if (elsewhere) return elsewhere
  return run.commit([], async (transaction) => {
    if (!run.home) await stopWithdrawn(run, transaction)
    // Of another database the installs are home's, which has agreed.
    const problem = await close(transaction, run.platform)
    const hurried = run.options.now && ({ hurried: true } as const)
    const change = { cursor: 'retired', state: 'running', problem: null, ...hurried } as const
    if (!problem) await transaction.batch([checkpoint(run.lease, change)])
    return problem
  })
}

/** Ends as soon as there is something else to tell. */
async function pausePassingOn(ms: number, told: string, pass: () => Promise<MigrationProblem | null>): Promise<void> {
  for (const untilMs = Date.now() + ms; Date.now() < untilMs; ) {
    await pause(Math.min(PASS_EVERY_MS, untilMs - Date.now()))
    if (JSON.stringify(await pass()) !== told) return
  }
}

/** Asked before home agrees, which knows of no other migration of this database; from then on it is not taken back. */
function whoIsFirst(run: Run, migration: MigrationRow): Promise<MigrationProblem | null> {
  return run.commit([], async (transaction) => {
    await stopWithdrawn(run, transaction)
    return whoGoesFirst(transaction, migration)
  })
}

function stillHeld({ code, message, hint, count, samples }: MigrationProblem): BackSaasError {
  const details = { code, count: count ?? null, samples: samples ?? [] }
  return new BackSaasError('MIGRATION_WAITING', 503, message, { hint: hint ?? null, details })
}
