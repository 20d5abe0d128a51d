/**
 * One step of a roll-out, in one transaction that holds its row: who leads is who has the lock, and a leader that dies leaves
 * nothing half done. All times are the database's.
 */
import type { Connection, Database } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import { releaseVersion } from '../registry/release-version.ts'
import { countMovable, lateMembers, nextMembers } from './cohort.ts'
import {
  countedJson,
  type Health,
  healthJson,
  judge,
  KEPT,
  readCounted,
  readCountedJson,
  waveHealth,
} from './health.ts'
import { countInstalls, moveBack, moveForward } from './move-installs.ts'
import {
  changeRollout,
  lockRollout,
  type Rollout,
  type RolloutChange,
  type RolloutProblem,
  type RolloutState,
} from './rollout-row.ts'
import { tellRollout } from './tell-rollout.ts'

export interface Advance {
  readonly id: string
  readonly state: RolloutState
  /** Whether there is more to do at once. */
  readonly more: boolean
  /** It comes to its end, which is for a step that holds `EXCLUSIVE`: nothing was done. */
  readonly ends?: true
}

/** Installs of one transaction: small enough for others to go between, and for a lock to be short. */
const CHUNK = 200
/** Too few requests are waited for so many times as long as the wave is looked at, and no less than this. */
const SILENT_BAKES = 3
const SILENT_MIN_MS = 5_000

interface Step {
  readonly connection: Connection
  readonly platform: Platform
  readonly rollout: Rollout
  readonly ledBy: string
  /** Whether it holds `EXCLUSIVE`: nobody is made an install meanwhile, of what is everybody's version. */
  readonly isAlone: boolean
}

/** Who leads, and how it knows the platform: see `createPlatformReader`. */
export interface Leader {
  readonly name: string
  readonly platformOf: (connection: Connection) => Promise<Platform>
}

/** @returns null where somebody else is at it, or it is over. */
export async function advanceRollout(database: Database, id: string, leader: Leader): Promise<Advance | null> {
  const done = await takeStep(database, id, leader, false)
  // Anew, since whoever holds it may wait for the row.
  return done?.ends ? takeStep(database, id, leader, true) : done
}

function takeStep(database: Database, id: string, leader: Leader, isAlone: boolean): Promise<Advance | null> {
  return migratorTransaction(database, async (connection) => {
    // A leader that stands still gives way.
    await query(connection, `set local idle_in_transaction_session_timeout = '10s'`)
    if (isAlone) await connection.batch([EXCLUSIVE])
    const platform = await leader.platformOf(connection)
    const rollout = await lockRollout(connection, platform, id)
    if (!rollout) return null
    const step = { connection, platform, rollout, ledBy: leader.name, isAlone }
    if (rollout.state === 'running') return forward(step)
    if (rollout.state === 'returning') return back(step)
    return null
  })
}

async function forward(step: Step): Promise<Advance> {
  const { connection, platform, rollout } = step
  const counted = await readCounted(connection, platform, rollout)
  const health = waveHealth(counted, rollout.counted)
  const control = controlOf(rollout, health)
  const found = isForced(rollout) ? null : ((await tooManyEvents(step)) ?? judge(health.to, control, rollout.gates))
  if (found) return halt(step, found, health)
  if (rollout.bakingForMs !== null) return bake(step, health, rollout.bakingForMs)
  const { count, reached } = await moveSome(step, rollout.reached)
  if (reached !== null) {
    const begins = rollout.counted === null && count > 0 ? { counted: countedJson(counted) } : {}
    return change(step, { ...begins, reached, health: healthJson(health) }, true)
  }
  return rollout.counted === null ? nextWave(step, health) : beginBaking(step, health)
}

interface Moved {
  readonly count: number
  /** The last tenant that was looked at; null where nobody of the wave is left. */
  readonly reached: string | null
}

async function moveSome({ connection, platform, rollout }: Step, after: string | null): Promise<Moved> {
  const { members, last } = await nextMembers(connection, platform, rollout, after, CHUNK)
  if (members.length > 0) await moveForward(connection, platform, rollout, members)
  if (last !== null || after === null) return { count: members.length, reached: last }
  // Once more from the beginning: somebody may have come meanwhile, or was being written.
  const late = await lateMembers(connection, platform, rollout, CHUNK)
  if (late.length > 0) await moveForward(connection, platform, rollout, late)
  return { count: late.length, reached: late.length > 0 ? after : null }
}

/** Whether somebody said that no gate halts the present wave. */
function isForced({ waves, wave }: Rollout): boolean {
  return waves[wave]?.forced !== undefined
}

/** The version before, at the same time; where too few have stayed with it, as it served when they were enough. */
function controlOf({ control, gates }: Rollout, { from }: Health): Health['from'] {
  const kept = readCountedJson(control).get(KEPT)?.from
  return from.answered >= Math.max(gates.minRequests, 1) || !kept ? from : kept
}

/** All of the wave have moved: from now on it is looked at. */
async function beginBaking(step: Step, health: Health): Promise<Advance> {
  const { platform, rollout, connection } = step
  const counts = await countInstalls(connection, platform, rollout)
  const percent = counts.total === 0 ? 100 : Math.round((counts.moved / counts.total) * 10_000) / 100
  await connection.batch([tellRollout(platform, rollout, 'rollout.advanced', { percent })])
  return change(
    step,
    { bakingSince: 'now', reached: null, problem: null, ...counts, health: healthJson(health) },
    false,
  )
}

async function bake(step: Step, health: Health, forMs: number): Promise<Advance> {
  const { rollout } = step
  const { bakeMs } = rollout.waves[rollout.wave] ?? { bakeMs: 0 }
  const seen = { health: healthJson(health) }
  if (forMs < bakeMs) return change(step, { ...seen, problem: null }, false)
  const { minRequests, onSilence } = rollout.gates
  if (health.to.answered >= minRequests || isForced(rollout)) return nextWave(step, health)
  const silence = silent(health, minRequests)
  if (forMs < Math.max(bakeMs * SILENT_BAKES, SILENT_MIN_MS)) return change(step, { ...seen, problem: silence }, false)
  return onSilence === 'continue' ? nextWave(step, health) : halt(step, silence, health)
}

function silent({ from, to }: Health, wanted: number): RolloutProblem {
  const message =
    from.answered + to.answered === 0
      ? 'no runtime has reported any request since the wave began'
      : `the version has answered ${to.answered} requests since the wave began, of ${wanted} that it is judged by`
  return { code: 'NO_SIGNAL', message, hint: 'let clients ask, lower the gate `min_requests`, or advance it by hand' }
}

/** The next wave, or the end after the last, which is for who is alone. What a wave without anybody has to show is nothing. */
export async function nextWave(step: Step, health: Health): Promise<Advance> {
  const { rollout, connection, platform } = step
  const counts = await countInstalls(connection, platform, rollout)
  const enough = health.from.answered >= Math.max(rollout.gates.minRequests, 1)
  const kept = enough ? { control: countedJson(new Map([[KEPT, health]])) } : {}
  const seen = {
    ...counts,
    ...kept,
    health: healthJson(health),
    problem: null,
    counted: null,
    bakingSince: null,
    reached: null,
  } as const
  if (rollout.wave + 1 < rollout.waves.length) return change(step, { ...seen, wave: rollout.wave + 1 }, true)
  if (!step.isAlone) return { id: rollout.id, state: rollout.state, more: true, ends: true }
  // Whoever was made while the last wave was looked at.
  if ((await moveSome(step, null)).count > 0) return change(step, {}, true)
  const left = await countMovable(connection, platform, rollout)
  if (left > 0) return change(step, { problem: locked(left), ...counts }, false)
  await releaseVersion(connection, rollout)
  await connection.batch([tellRollout(platform, rollout, 'rollout.completed', {})])
  return change(step, { ...seen, state: 'done', isOver: true }, false)
}

/** What was passed over, since somebody else was writing it. */
function locked(count: number): RolloutProblem {
  return {
    code: 'INSTALLS_LOCKED',
    message: `${count} installs have yet to move: others have them locked`,
    hint: 'it goes on by itself; where that lasts, look for long transactions in pg_stat_activity',
  }
}

async function halt(step: Step, problem: RolloutProblem, health: Health): Promise<Advance> {
  const { rollout, connection, platform } = step
  await connection.batch([
    tellRollout(platform, rollout, 'rollout.halted', { code: problem.code, reason: problem.message }),
  ])
  return change(
    step,
    { state: 'returning', problem, bakingSince: null, reached: null, health: healthJson(health) },
    true,
  )
}

/** Those that have moved go back; with nobody left it has halted, or is aborted where nothing was found. */
async function back(step: Step): Promise<Advance> {
  const { rollout, connection, platform } = step
  const returned = await moveBack(connection, platform, rollout, CHUNK)
  if (returned > 0) return change(step, {}, true)
  const state = rollout.problem ? 'halted' : 'aborted'
  await connection.batch([
    tellRollout(platform, rollout, 'rollout.rolled_back', {
      reason: rollout.problem?.message ?? 'somebody aborted it',
    }),
  ])
  const counts = await countInstalls(connection, platform, rollout)
  return change(step, { state, ...counts, counted: null, bakingSince: null, isOver: true }, false)
}

async function change(step: Step, what: RolloutChange, more: boolean): Promise<Advance> {
  const { connection, platform, rollout, ledBy } = step
  await connection.batch([changeRollout(platform, rollout, { ...what, ledBy })])
  return { id: rollout.id, state: what.state ?? rollout.state, more }
}

/** Events of a type, of who has moved, since the wave began to bake. */
async function tooManyEvents({ connection, platform, rollout }: Step): Promise<RolloutProblem | null> {
  if (rollout.gates.events.length === 0 || rollout.bakingForMs === null) return null
  const [e, m] = [tableNames(platform, 'events'), tableNames(platform, 'rollout_moves')]
  for (const { type, max } of rollout.gates.events) {
    const [row] = await query(
      connection,
      `select count(*)::text from ${e.table} e where e.${e.column('type')} = $3
         and e.${e.column('time')} > clock_timestamp() - make_interval(secs => $4::float8 / 1000)
         and e.${e.tenant} in (select m.${m.column('moved_tenant_id')} from ${m.table} m
           where m.${m.tenant} = $1 and m.${m.column('rollout_id')} = $2 and m.${m.column('returned_at')} is null)`,
      [rollout.ownerId, rollout.id, type, String(rollout.bakingForMs)],
    )
    if (Number(row?.[0]) > max)
      return { code: 'EVENTS', message: `${row?.[0]} events ${type} since the wave moved, of ${max} that may be` }
  }
  return null
}
