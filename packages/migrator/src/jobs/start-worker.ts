/** Does the jobs of a database: several workers may; each job is one worker's at a time, and none is lost with its worker. */
import { randomUUID } from 'node:crypto'
import type { FunctionDefinition, Observe } from '@backsaas/core'
import { JOBS_CHANNEL } from '@backsaas/core'
import { MIGRATOR_SCOPE, migratorTransaction, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Naming, readableNaming } from '../plan/names.ts'
import type { Decide } from '../registry/decide.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import { type Databases, fleetOf } from '../stores/fleet.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { listenOrLook } from '../waiting/listen-or-look.ts'
import { type ClaimedJob, claimJob, deleteOldJobs, jobTable, renewLeases } from './job-rows.ts'
import { runJob } from './run-job.ts'

export interface WorkerOptions {
  /** How long a job stays with a worker that died; also how often an idle worker looks. Default 15,000. */
  readonly leaseMs?: number
  /** How soon it looks again after something happened; doubles while nothing does. Default 250. */
  readonly intervalMs?: number
  /** How many jobs at once, each of another tenant. Default 4. */
  readonly concurrency?: number
  /** How often a job is begun before it is given up. Default 5. */
  readonly attemptsMax?: number
  /** How long finished jobs are kept. Default 30. */
  readonly keepDays?: number
  /** Physical names of new tables and columns; readable unless given. */
  readonly naming?: Naming
  /** Makes the decisions that are stored with a schema that has access rules; without it none are. */
  readonly decide?: Decide
  /** What schemas may name in `hooks:` and `functions:`; none unless given. */
  readonly functions?: readonly FunctionDefinition[]
  /** Told of failures on our side; the worker goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Worker {
  /** Looks for jobs now: for who has just asked for one in this process. */
  kick(): void
  /** Ends after the jobs under way. */
  close(): Promise<void>
}

const CLEANED_EVERY_MS = 3_600_000

/**
 * Starts working: woken by the database's notification where it listens, else by looking.
 *
 * @param databases home, or all of them: jobs of tenants whose rows are elsewhere need those.
 * @throws `NOT_BOOTSTRAPPED` (503).
 * @example const worker = await startWorker(database, { decide: policies().access.decide })
 */
export async function startWorker(databases: Databases, options: WorkerOptions = {}): Promise<Worker> {
  const fleet = fleetOf(databases)
  const database = fleet.home
  const { leaseMs = 15_000, intervalMs = 250, concurrency = 4, observe = toStderr('worker') } = options
  const self = { owner: randomUUID(), leaseMs }
  const onFault = faultTeller(observe, 'WORKER_FAILED')
  const running = {
    naming: options.naming ?? readableNaming,
    decide: options.decide,
    functions: options.functions ?? [],
    attemptsMax: options.attemptsMax ?? 5,
    onFault,
  }
  let platform: Platform = await migratorTransaction(database, readPlatform)
  const held = new Map<ClaimedJob, Promise<void>>()
  let pauseMs = intervalMs
  const alarm = createAlarm()
  let closing = false
  let cleanedAtMs = 0

  async function run(): Promise<void> {
    while (!closing) {
      alarm.set()
      const job = held.size < concurrency ? await attempt(claim) : null
      if (job) {
        pauseMs = intervalMs
        start(job)
        continue
      }
      await attempt(clean)
      if (alarm.hasRung || closing) continue
      await alarm.wait(pauseMs)
      pauseMs = Math.min(pauseMs * 2, leaseMs)
    }
  }

  async function claim(): Promise<ClaimedJob | null> {
    return claimJob(database.open(MIGRATOR_SCOPE, 'migrator'), jobTable(platform), self)
  }

  function start(job: ClaimedJob): void {
    const startedAt = performance.now()
    const work = runJob(fleet, job, running)
      .then((outcome) => {
        const { id, kind, tenantId, attempts } = job
        const durationMs = performance.now() - startedAt
        observe({ kind: 'work', job: id, asked: kind, tenantId, attempts, durationMs, ...outcome })
      })
      .catch(onFault)
      .finally(() => {
        held.delete(job)
        kick()
      })
    held.set(job, work)
  }

  async function clean(): Promise<null> {
    if (Date.now() - cleanedAtMs < CLEANED_EVERY_MS) return null
    cleanedAtMs = Date.now()
    const old = deleteOldJobs(jobTable(platform), options.keepDays ?? 30)
    await database.open(MIGRATOR_SCOPE, 'migrator').batch([ROW_SECURITY, old])
    return null
  }

  async function renew(): Promise<void> {
    if (held.size === 0) return
    const jobs = [...held.keys()]
    await attempt(async () => {
      await renewLeases(database.open(MIGRATOR_SCOPE, 'migrator'), jobTable(platform), jobs, leaseMs)
      return null
    })
  }

  /** The platform's own mapping may have moved on. */
  async function attempt<T>(work: () => Promise<T | null>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      onFault(error)
      platform = await migratorTransaction(database, readPlatform).catch(() => platform)
      return null
    }
  }

  function kick(): void {
    pauseMs = intervalMs
    alarm.ring()
  }

  async function end(): Promise<void> {
    closing = true
    alarm.ring()
    await stopListening?.()
    await loop
    await Promise.all(held.values())
    clearInterval(renewing)
  }

  const stopListening = await listenOrLook(database, JOBS_CHANNEL, kick, onFault)
  const renewing = setInterval(() => void renew(), leaseMs / 3)
  const loop = run()
  let closed: Promise<void> | undefined
  return {
    kick,
    close() {
      closed ??= end()
      return closed
    },
  }
}
