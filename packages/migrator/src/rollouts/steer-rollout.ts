/** What somebody says to a roll-out on its way: pause, resume, advance, abort. It is told between two steps. */
import type { JobKind, RolloutArguments } from '@backsaas/core'
import { BackSaasError, type Connection } from '@backsaas/core'
import { EXCLUSIVE, query } from '../execute/migrator-transaction.ts'
import type { ActContext, ActDone } from '../jobs/act.ts'
import { versionNotLive } from '../registry/release-version.ts'
import { refuseBehind } from '../stores/refuse-behind.ts'
import { nextWave } from './advance-rollout.ts'
import { readCounted, waveHealth } from './health.ts'
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
  const { connection, platform } = context
  await connection.batch([EXCLUSIVE])
  const rollout = await findIn(input, context, ['paused', 'halted'], 'resume_rollout')
  if (rollout.state === 'halted') {
    await refuseOpenRollout(connection, platform, rollout.placementId)
    await refuseGone(connection, rollout)
    await refuseBehind(connection, platform, rollout)
  }
  // What was looked at before counts no more.
  const anew = rollout.state === 'halted' ? { wave: 0, counted: null, isOver: false } : {}
  return change(
    rollout,
    context,
    { ...anew, state: 'running', problem: null, bakingSince: null, reached: null },
    'rollout.resumed',
  )
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

/** On to the next wave, whatever this one shows. */
export const advanceRolloutNow: Steer = async (input, context) => {
  const { connection, platform, tenant } = context
  await connection.batch([EXCLUSIVE])
  const rollout = await findIn(input, context, ['running', 'paused'], 'advance_rollout')
  const health = waveHealth(await readCounted(connection, platform, rollout), rollout.counted)
  const ledBy = `by hand (${tenant.slug})`
  const step = { connection, platform, rollout: { ...rollout, state: 'running' }, ledBy, isAlone: true } as const
  const { state } = await nextWave(step, health)
  await connection.batch([changeRollout(platform, rollout, { state }), tellLeaders()])
  return { result: { ...rolloutJson(rollout), state } }
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
