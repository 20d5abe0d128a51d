/** What somebody says to a roll-out on its way: pause, resume, advance (by force too), abort. It is told between two steps. */
import type { JobKind, RolloutArguments } from '@backsaas/core'
import { BackSaasError, type Connection } from '@backsaas/core'
import { EXCLUSIVE, query } from '../execute/migrator-transaction.ts'
import type { Act, ActContext, ActDone } from '../jobs/act.ts'
import { whoAsks } from '../jobs/who-asks.ts'
import { actingAs } from '../registry/acting-as.ts'
import { versionNotLive } from '../registry/release-version.ts'
import { refuseBehind } from '../stores/refuse-behind.ts'
import { nextWave } from './advance-rollout.ts'
import { readCounted, waveHealth } from './health.ts'
import type { Wave } from './rollout-plan.ts'
import {
  changeRollout,
  findRollout,
  type Rollout,
  type RolloutChange,
  type RolloutState,
  refuseOpenRollout,
  rolloutJson,
  tellLeaders,
} from './rollout-row.ts'
import { tellRollout } from './tell-rollout.ts'

type Steer = (input: RolloutArguments, context: ActContext) => Promise<ActDone>

/** Nobody moves any more, and nobody goes back. */
export const pauseRollout: Steer = async (input, context) => {
  const rollout = await findIn(input, context, ['running'], 'pause_rollout')
  return change(rollout, context, { state: 'paused' }, 'rollout.paused')
}

/** Goes on where it was paused; one that has halted begins anew, with its first wave. */
export const resumeRollout: Steer = async (input, context) => {
  await context.connection.batch([EXCLUSIVE])
  const rollout = await findIn(input, context, ['paused', 'halted'], 'resume_rollout')
  if (rollout.state === 'halted') await refuseAgain(rollout, context)
  // What was looked at before counts no more, and what was forced is judged again.
  const waves = rollout.waves.map(({ forced: _, ...wave }) => wave)
  const anew = rollout.state === 'halted' ? { waves, wave: 0, counted: null, isOver: false } : {}
  return change(
    rollout,
    context,
    { ...anew, state: 'running', problem: null, bakingSince: null, reached: null },
    'rollout.resumed',
  )
}

/** What one that was over is not begun again for. @throws `ROLLOUT_OPEN`, `VERSION_NOT_LIVE`, `STORES_BEHIND` (409). */
async function refuseAgain(rollout: Rollout, { connection, platform }: ActContext): Promise<void> {
  await refuseOpenRollout(connection, platform, rollout.placementId)
  await refuseGone(connection, rollout)
  await refuseBehind(connection, platform, rollout)
}

/** @throws `VERSION_NOT_LIVE` (409) where its version was taken back meanwhile. */
async function refuseGone(connection: Connection, { placementId, schema, toVersion }: Rollout): Promise<void> {
  const rows = await query(
    connection,
    `select v.version::text from backsaas.versions v where v.placement_id = $1 and v.state = 'live' order by v.version`,
    [placementId],
  )
  const live = rows.map(([version]) => Number(version))
  if (!live.includes(toVersion)) throw versionNotLive(schema, toVersion, live)
}

/** On to the next wave, whatever this one shows; by force that one goes on too, whatever it shows. */
export const advanceRolloutNow: Act<'advance_rollout'> = async ({ force, reason, ...which }, context) => {
  await context.connection.batch([EXCLUSIVE])
  if (force === true) return forceOn(which, String(reason), context)
  return onward(await findIn(which, context, ['running', 'paused'], 'advance_rollout'), context)
}

/** One that has halted goes on with the wave that halted it; of the last one it is the end, as soon as all have moved. */
async function forceOn(which: RolloutArguments, reason: string, context: ActContext): Promise<ActDone> {
  const { connection, platform } = context
  const rollout = await findIn(which, context, ['running', 'paused', 'halted'], 'advance_rollout')
  const isHalted = rollout.state === 'halted'
  if (isHalted) await refuseAgain(rollout, context)
  const isEnd = !isHalted && rollout.wave + 1 === rollout.waves.length
  const wave = isHalted || isEnd ? rollout.wave : rollout.wave + 1
  const forced = (one: Wave): Wave => ({ ...one, ...(isEnd && { bakeMs: 0 }), forced: reason })
  const waves = rollout.waves.map((one, i) => (i === wave ? forced(one) : one))
  await connection.batch([
    ...(context.askedBy === null ? [] : [actingAs(await whoAsks(context))]),
    changeRollout(platform, rollout, { waves }),
    tellRollout(platform, rollout, 'rollout.forced', { wave: wave + 1, reason }),
  ])
  if (!isHalted) return onward({ ...rollout, waves }, context)
  const again = { counted: null, isOver: false, problem: null, bakingSince: null, reached: null } as const
  return change(rollout, context, { ...again, state: 'running' }, 'rollout.resumed')
}

/** To the next wave, or to the end. */
async function onward(rollout: Rollout, { connection, platform, tenant }: ActContext): Promise<ActDone> {
  const health = waveHealth(await readCounted(connection, platform, rollout), rollout.counted)
  const ledBy = `by hand (${tenant.slug})`
  const step = { connection, platform, rollout: { ...rollout, state: 'running' }, ledBy, isAlone: true } as const
  const { state } = await nextWave(step, health)
  await connection.batch([changeRollout(platform, rollout, { state }), tellLeaders()])
  const wave = Math.min(rollout.wave + 1, rollout.waves.length - 1)
  return { result: { ...rolloutJson({ ...rollout, wave }), state } }
}

/** Everybody who has moved goes back. */
export const abortRollout: Steer = async (input, context) => {
  const rollout = await findIn(input, context, ['running', 'paused'], 'abort_rollout')
  return change(rollout, context, { state: 'returning', problem: null, bakingSince: null }, 'rollout.aborted')
}

/** @throws `ROLLOUT_NONE` (404); `ROLLOUT_STATE` (409) where it cannot be said of one that stands so. */
async function findIn(
  input: RolloutArguments,
  { connection, platform, tenant }: ActContext,
  states: readonly RolloutState[],
  kind: JobKind,
): Promise<Rollout> {
  const rollout = await findRollout(connection, platform, tenant.id, input)
  if (!rollout)
    throw new BackSaasError('ROLLOUT_NONE', 404, `there is no roll-out of ${input.schema ?? input.rollout}`, {
      hint: 'start_rollout begins one; the rows of `rollouts` are those that there were',
    })
  if (states.includes(rollout.state)) return rollout
  const { schema, toVersion, state } = rollout
  throw new BackSaasError('ROLLOUT_STATE', 409, `the roll-out of ${schema} version ${toVersion} is ${state}`, {
    hint: `${kind} is for one that is ${states.join(' or ')}`,
    details: { rollout_id: rollout.id, state },
  })
}

async function change(
  rollout: Rollout,
  { connection, platform }: ActContext,
  what: RolloutChange & { readonly state: RolloutState },
  type: 'rollout.paused' | 'rollout.resumed' | 'rollout.aborted',
): Promise<ActDone> {
  await connection.batch([
    changeRollout(platform, rollout, what),
    tellRollout(platform, rollout, type, {}),
    tellLeaders(),
  ])
  return { result: { ...rolloutJson(rollout), state: what.state } }
}
