/**
 * The fence, in three separate transactions: a read takes its table lock before it enters, so one transaction that retires and
 * drops would deadlock with it. (1) marked retired, committed; (2) nobody is left who entered before, waited for without any
 * table lock; (3) the steps that follow drop.
 */
import type { Connection } from '@backsaas/core'
import { arrayText, SYSTEM_TENANT_ID } from '@backsaas/core'
import { readRoles } from '../bootstrap/read-roles.ts'
import { namePinned, samplePins } from '../pins/read-pins.ts'
import type { Platform } from '../registry/platform.ts'
import { tableNames } from '../registry/platform.ts'
import { openRollout } from '../rollouts/rollout-row.ts'
import { storesBehind } from '../stores/stores-behind.ts'
import { pause } from './attempts.ts'
import type { MigrationProblem, MigrationRow } from './migration-row.ts'
import { MIGRATOR_SCOPE, migratorTransaction, query } from './migrator-transaction.ts'
import type { Run } from './run.ts'

/** Why the versions before cannot be retired yet; null where they can. */
export async function whoHoldsOld(
  connection: Connection,
  platform: Platform,
  { placementId, toVersion }: Pick<MigrationRow, 'placementId' | 'toVersion'>,
  drained: boolean,
): Promise<MigrationProblem | null> {
  const turn = await whoGoesFirst(connection, { placementId, toVersion })
  if (turn) return turn
  const rollout = await openRollout(connection, platform, placementId)
  if (rollout)
    return {
      code: 'ROLLOUT_OPEN',
      message: `version ${rollout.toVersion} is being rolled out (${rollout.state}), and may have to go back`,
      hint: `wait for its end, or \`backsaas rollout abort ${rollout.schema}\``,
    }
  const behind = await storesBehind(connection, platform, { placementId, toVersion })
  if (behind) return behind
  const held = await whoHasOlder(connection, platform, placementId, toVersion)
  if (held) return held
  if (drained) return null
  const [sunset] = await query(
    connection,
    `select max(sunset_at)::text from backsaas.versions
     where placement_id = $1 and version < $2 and state = 'live' and sunset_at > clock_timestamp()`,
    [placementId, String(toVersion)],
  )
  if (!sunset?.[0]) return null
  const message = `the older versions serve until ${sunset[0]}`
  return {
    code: 'DRAINING',
    message,
    hint: 'wait, or say `--now`: whoever still asks for an older version is refused then',
  }
}

/**
 * Of several migrations of a schema the oldest comes to its end first, while none is on its way: what is taken away is made of what
 * stands then.
 */
export async function whoGoesFirst(
  connection: Connection,
  { placementId, toVersion }: Pick<MigrationRow, 'placementId' | 'toVersion'>,
): Promise<MigrationProblem | null> {
  const [row] = await query(
    connection,
    `select m.to_version::text, m.phase, m.schema_name, m.problem::json ->> 'message' from backsaas.migrations m
     where placement_id = $1 and (to_version < $2 and phase not in ('done', 'rolled_back')
       or to_version > $2 and phase in ('expand', 'backfill', 'rollback')) order by m.to_version limit 1`,
    [placementId, String(toVersion)],
  )
  if (!row) return null
  const [version, phase, schema, problem] = row
  if (Number(version) > toVersion)
    return {
      code: 'MIGRATION_AFTER',
      message: `the migration to version ${version} is on its way (${phase})${problem ? `: ${problem}` : ''}`,
      hint: `it goes on by itself once that one serves (\`backsaas migrate --resume ${schema}\`), or is taken back`,
    }
  return {
    code: 'MIGRATION_BEFORE',
    message: `the migration to version ${version} comes to its end first${problem ? `: ${problem}` : ''}`,
    hint: `it goes on by itself once that one is over: \`backsaas migrate --resume ${schema} --contract\``,
  }
}

/** Those that are pinned are named, since only who pinned them lets them go. */
async function whoHasOlder(
  connection: Connection,
  platform: Platform,
  placementId: string,
  toVersion: number,
): Promise<MigrationProblem | null> {
  const [i, t] = [tableNames(platform, 'installs'), tableNames(platform, 'tenants')]
  const [row] = await query(
    connection,
    `select count(*)::text, (array_agg(t.${t.column('slug')} order by t.${t.column('slug')}))[1:5]::text
     from ${i.table} i join ${t.table} t on t.${t.tenant} = $3 and t.${t.column('id')} = i.${i.tenant}
     where i.${i.column('placement_id')} = $1 and i.${i.column('version')} < $2`,
    [placementId, String(toVersion), SYSTEM_TENANT_ID],
  )
  const count = Number(row?.[0])
  if (count === 0) return null
  const pinned = await samplePins(connection, platform, { placementId, below: toVersion })
  const { samples } = pinned
  if (samples[0] === undefined) {
    const message = `${count} installs are on an older version: tenants ${row?.[1]}`
    return { code: 'INSTALLS_REMAIN', message, hint: 'move them first: `backsaas unpin TENANT PROFILE`', count }
  }
  const others = count > pinned.count ? `; ${count - pinned.count} more are on an older version` : ''
  const { tenant, profile } = samples[0]
  return {
    code: 'INSTALLS_PINNED',
    message: `older versions are held by pinned installs: ${namePinned(pinned)}${others}`,
    hint: `it goes on by itself once they are unpinned: \`backsaas unpin ${tenant} ${profile}\``,
    count: pinned.count,
    samples: samples.map((pin) => ({ ...pin })),
  }
}

/** (1) of the versions below `below`, or of `exactly` one. */
export async function markRetired(
  connection: Connection,
  placementId: string,
  which: { readonly below: number } | { readonly exactly: number },
): Promise<void> {
  const [operator, version] = 'below' in which ? ['<', which.below] : ['=', which.exactly]
  const text = `update backsaas.versions set state = 'retired'
    where placement_id = $1 and version ${operator} $2 and state <> 'retired'`
  await connection.batch([{ text, params: [placementId, String(version)], prepare: false }])
}

/** A transaction of a client is over long before. */
const TELL_AFTER_MS = 3_000

/**
 * (2) Waits until every transaction of the runtime's login that is open now has ended: whatever begins later finds the version
 * retired. What takes long is told.
 *
 * @param meanwhile is done about once a second.
 * @returns false where it was asked to stop before.
 */
export async function awaitReaders(
  { database, patience, commit }: Run,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<boolean> {
  const { runtime } = await migratorTransaction(database, readRoles)
  const connection = database.open(MIGRATOR_SCOPE, 'migrator')
  const startedAtMs = Date.now()
  let left = (await query(connection, OPEN, [runtime])).map(([id]) => String(id))
  let askedAtMs = startedAtMs
  let told = 0
  while (left.length > 0) {
    if (patience.stopped()) return false
    await pause(20)
    left = (await query(connection, STILL_OPEN, [arrayText(left)])).map(([id]) => String(id))
    if (Date.now() - askedAtMs < 1000) continue
    askedAtMs = Date.now()
    // So that the lease stays.
    await commit([], async () => undefined)
    await meanwhile()
    if (askedAtMs - startedAtMs < TELL_AFTER_MS || left.length === told) continue
    told = left.length
    await patience.waiting(told > 0 ? stillOpen(left) : null)
  }
  return true
}

function stillOpen(left: readonly string[]): MigrationProblem {
  const pids = left.map((id) => id.split('@')[1])
  return {
    code: 'TRANSACTIONS_REMAIN',
    message: `${left.length} transactions of clients are open that may have begun on the version that is retired: processes ${pids.slice(0, 5).join(', ')}`,
    hint: `end them, or wait: the migration goes on by itself. To end one: select pg_terminate_backend(${pids[0]})`,
  }
}

const OPEN = `
  select l.virtualxid || '@' || l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'virtualxid' and a.usename = $1 and a.datname = current_database()`

const STILL_OPEN = `
  select l.virtualxid || '@' || l.pid from pg_locks l
  where l.locktype = 'virtualxid' and l.virtualxid || '@' || l.pid = any ($1::text[])`
