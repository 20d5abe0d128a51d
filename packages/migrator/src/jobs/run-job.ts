/** One claimed job to its end: what it does and that it is done are one transaction wherever they can be. */
import type { Connection, Database, FunctionDefinition, Json, JsonObject } from '@backsaas/core'
import {
  BackSaasError,
  checkArguments,
  DatabaseError,
  isJobKind,
  type JobBase,
  PLATFORM_JOB_KINDS,
  problemOf,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import { convergePlacement, isConverged } from '../execute/converge-placement.ts'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import type { Naming } from '../plan/names.ts'
import type { Decide } from '../registry/decide.ts'
import { insertEvent } from '../registry/event.ts'
import { findTenant } from '../registry/find-tenant.ts'
import { type Platform, readPlatform } from '../registry/platform.ts'
import type { Fleet } from '../stores/fleet.ts'
import type { ActDone } from './act.ts'
import { act } from './acts.ts'
import { finishBeyond, prepareJob, reachesBeyond, withTenantId } from './beyond-home.ts'
import { type ClaimedJob, checkpointJob, finishJob, holdJob, jobTable, postponeJob } from './job-rows.ts'

export interface RunOptions {
  readonly naming: Naming
  readonly decide: Decide | undefined
  readonly functions: readonly FunctionDefinition[]
  /** Of one job, those that a worker died of counted. */
  readonly attemptsMax: number
  /** Told what broke on our side. */
  readonly onFault: (error: unknown) => void
}

export interface JobOutcome {
  /** `lost`: it had gone to another worker. */
  readonly outcome: 'succeeded' | 'failed' | 'postponed' | 'lost'
  /** Of one that failed. */
  readonly code?: string
}

const SUCCEEDED: JobOutcome = { outcome: 'succeeded' }
const LOST: JobOutcome = { outcome: 'lost' }

/**
 * Never fails by what the job does: that is the job's outcome. A job that has gone to another worker meanwhile is left to it.
 *
 * @throws `DatabaseError` where not even the outcome can be written; the job is tried again when its lease is over.
 */
export async function runJob(fleet: Fleet, claimed: ClaimedJob, options: RunOptions): Promise<JobOutcome> {
  const job = withTenantId(claimed)
  const database = fleet.home
  try {
    if (job.attempts > options.attemptsMax) throw abandoned(job)
    if (job.checkpoint === null) await prepareJob(fleet, job)
    const left = job.checkpoint === null ? await perform(database, job, options) : readCheckpoint(job.checkpoint)
    if ('outcome' in left) return left
    if (left.placementId !== null) await convergePlacement(database, left.placementId)
    const result = await finishBeyond(fleet, job, left.result)
    return await migratorTransaction(database, async (connection) => {
      const platform = await readPlatform(connection)
      if (!(await holdJob(connection, jobTable(platform), job))) return LOST
      return succeed(connection, platform, job, result)
    })
  } catch (error) {
    return settleFailure(database, job, error, options)
  }
}

interface Left {
  readonly placementId: string | null
  readonly result: JsonObject
}

/** @returns what is left to do outside of a transaction, where there is something. */
function perform(database: Database, job: ClaimedJob, options: RunOptions): Promise<Left | JobOutcome> {
  return migratorTransaction(database, async (connection) => {
    const before = await readPlatform(connection)
    if (!(await holdJob(connection, jobTable(before), job))) return LOST
    const { result, placementId = null } = await actFor(connection, before, job, options)
    // Publishing the platform itself is no job, so its tables are where they were.
    const isConvergedAlready = placementId === null || (await isConverged(connection, placementId))
    if (isConvergedAlready && !reachesBeyond(job)) return succeed(connection, before, job, result)
    await connection.batch([checkpointJob(jobTable(before), job, { placement_id: placementId, result })])
    return { placementId, result }
  })
}

/** The row says what is asked, but is believed nothing: not its kind, not its arguments, not that its tenant may. */
async function actFor(
  connection: Connection,
  platform: Platform,
  job: ClaimedJob,
  { naming, decide, functions }: RunOptions,
): Promise<ActDone> {
  const { kind, tenantId } = job
  if (!isJobKind(kind)) throw new BackSaasError('JOB_UNKNOWN', 422, `nobody here knows the job ${JSON.stringify(kind)}`)
  const request = checkArguments(kind, job.input)
  const tenant = await findTenant(connection, platform, tenantId)
  if (tenant.status !== 'live') throw new BackSaasError('TENANT_SUSPENDED', 403, 'this tenant is suspended')
  if (PLATFORM_JOB_KINDS.has(kind) && tenantId !== SYSTEM_TENANT_ID) {
    throw new BackSaasError('42501', 403, `${kind} is for the tenant "system" alone`)
  }
  return act(request, {
    ...{ connection, platform, tenant, naming, decide, functions },
    base: readBase(job.base),
    askedBy: job.askedBy,
  })
}

/** What is no number of a version was not recorded by a runtime, and is left out. */
function readBase(base: Json): JobBase | null {
  if (typeof base !== 'object' || base === null || Array.isArray(base)) return null
  const entries = Object.entries(base as JsonObject) // an object, seen above
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])))
}

/** As `perform` has written it. */
function readCheckpoint(checkpoint: Json): Left {
  const { placement_id, result } = checkpoint as JsonObject
  return { placementId: typeof placement_id === 'string' ? placement_id : null, result: result as JsonObject }
}

async function succeed(
  connection: Connection,
  platform: Platform,
  job: ClaimedJob,
  result: JsonObject,
): Promise<JobOutcome> {
  await connection.batch([finishJob(jobTable(platform), job, { result }), told(platform, job, 'succeeded')])
  return SUCCEEDED
}

function told(
  platform: Platform,
  { id, tenantId, kind }: ClaimedJob,
  status: 'succeeded' | 'failed',
): ReturnType<typeof insertEvent> {
  return insertEvent(platform, {
    type: `job.${status}`,
    tenantId,
    subject: id,
    data: { tenant_id: tenantId, job_id: id, kind },
  })
}

/** A refusal is the outcome; what may pass is tried again, later each time. */
async function settleFailure(
  database: Database,
  job: ClaimedJob,
  error: unknown,
  options: RunOptions,
): Promise<JobOutcome> {
  const isRefusal = error instanceof BackSaasError && !(error instanceof DatabaseError) && error.status < 500
  if (!isRefusal) options.onFault(error)
  const again = !isRefusal && mayPass(error) && job.attempts < options.attemptsMax
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const table = jobTable(platform)
    if (!(await holdJob(connection, table, job))) return LOST
    if (again) {
      await connection.batch([postponeJob(table, job, Math.min(60_000, 500 * 2 ** job.attempts))])
      return { outcome: 'postponed' }
    }
    const shown = isRefusal ? error : failed(error)
    await connection.batch([finishJob(table, job, { problem: problemOf(shown) }), told(platform, job, 'failed')])
    return { outcome: 'failed', code: shown.code }
  })
}

/** Connections, locks, serialisation, resources, a server that is shutting down. */
function mayPass(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|40|53|55|57)/.test(error.fields.sqlState)
  return error instanceof BackSaasError && error.status === 503
}

/** Names nothing of the inside: the operator is told by `onFault`. */
function failed(cause: unknown): BackSaasError {
  if (cause instanceof BackSaasError && cause.code === 'LOCK_NOT_AVAILABLE') return cause
  if (cause instanceof BackSaasError && [ABANDONED, ...ELSEWHERE].includes(cause.code)) return cause
  return new BackSaasError('JOB_FAILED', 500, 'something broke on our side', {
    hint: 'Ask again; if it stays so, report the id of the job.',
  })
}

const ABANDONED = 'JOB_ABANDONED'
/** Of other databases: what to do is said. */
const ELSEWHERE = ['STORE_UNREACHABLE', 'STORE_BEHIND', 'DATABASE_UNKNOWN', 'OWN_NOT_INSTALLED']

function abandoned({ attempts }: ClaimedJob): BackSaasError {
  return new BackSaasError(ABANDONED, 500, `the job was begun ${attempts - 1} times and never came to an end`, {
    hint: 'It may need more memory or time than a worker has.',
  })
}
