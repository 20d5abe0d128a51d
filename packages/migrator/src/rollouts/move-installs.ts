/** Installs that move to a version, or back: only the pointer does, in the transaction that notes and tells it. */
import type { Connection, Json, Statement } from '@backsaas/core'
import { arrayText, uuidv7 } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { insertEvent } from '../registry/event.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import type { Member } from './cohort.ts'
import type { Rollout } from './rollout-row.ts'

/** To the roll-out's version. */
export async function moveForward(
  connection: Connection,
  platform: Platform,
  rollout: Rollout,
  members: readonly Member[],
): Promise<void> {
  const m = tableNames(platform, 'rollout_moves')
  const [rolloutId, installId] = [m.column('rollout_id'), m.column('install_id')]
  const note: Statement = {
    text: `insert into ${m.table} (${m.tenant}, ${m.column('id')}, ${rolloutId}, ${installId}, ${m.column('moved_tenant_id')},
             ${m.column('from_version')}, ${m.column('wave')}, ${m.column('created_at')})
           select $1, x.id, $2, x.install, x.moved, x.version, $3, clock_timestamp()
           from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::int[]) as x(id, install, moved, version)
           on conflict (${m.tenant}, ${rolloutId}, ${installId}) do update
             set ${m.column('returned_at')} = null, ${m.column('from_version')} = excluded.${m.column('from_version')}, ${m.column('wave')} = excluded.${m.column('wave')}`,
    params: [
      rollout.ownerId,
      rollout.id,
      String(rollout.wave),
      arrayText(members.map(() => uuidv7())),
      arrayText(members.map((member) => member.installId)),
      arrayText(members.map((member) => member.tenantId)),
      arrayText(members.map((member) => String(member.version))),
    ],
    prepare: false,
  }
  await connection.batch([
    note,
    setVersions(platform, members, ({ version }) => ({ from: version, to: rollout.toVersion })),
    ...members.map((member) => tellMoved(platform, rollout, member, member.version, rollout.toVersion)),
  ])
}

/**
 * @returns how many have been looked at; 0 where nobody is left. Who was pinned to the new version meanwhile stays, be the pin set at this very
 *   moment: its transaction is waited for.
 */
export async function moveBack(
  connection: Connection,
  platform: Platform,
  rollout: Rollout,
  limit: number,
): Promise<number> {
  const [m, i] = [tableNames(platform, 'rollout_moves'), tableNames(platform, 'installs')]
  const rows = await query(
    connection,
    `update ${m.table} m set ${m.column('returned_at')} = clock_timestamp()
     from (select m.${m.column('id')} as id, i.${i.column('id')} as install, i.${i.tenant} as tenant, i.${i.column('profile')} as profile
           from ${m.table} m left join ${i.table} i
             on i.${i.tenant} = m.${m.column('moved_tenant_id')} and i.${i.column('id')} = m.${m.column('install_id')}
           where m.${m.tenant} = $1 and m.${m.column('rollout_id')} = $2 and m.${m.column('returned_at')} is null
           order by 1 limit ${limit} for update of m) x
     where m.${m.tenant} = $1 and m.${m.column('id')} = x.id
     returning x.install::text, x.tenant::text, m.${m.column('from_version')}::text, x.profile`,
    [rollout.ownerId, rollout.id],
  )
  const members = rows
    .filter(([installId]) => installId !== null)
    .map(([installId, tenantId, version, profile]) => ({
      installId: String(installId),
      tenantId: String(tenantId),
      version: Number(version),
      profile: String(profile),
    }))
  if (members.length === 0) return rows.length
  const set = setVersions(platform, members, ({ version }) => ({ from: rollout.toVersion, to: version }))
  const [moved] = await connection.batch([set])
  const ids = new Set(moved?.rows.map(([id]) => id))
  const back = members.filter(({ installId }) => ids.has(installId))
  await connection.batch(back.map((member) => tellMoved(platform, rollout, member, rollout.toVersion, member.version)))
  return rows.length
}

/** Of those that have the version `from`, and are not pinned, as it is when their rows are had. Answers the ids of those that have moved. */
function setVersions(
  platform: Platform,
  members: readonly Member[],
  move: (member: Member) => { readonly from: number; readonly to: number },
): Statement {
  const i = tableNames(platform, 'installs')
  const moves = members.map(move)
  return {
    text: `update ${i.table} i set ${i.column('version')} = x.version
           from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) as x(tenant, id, version, before)
           where i.${i.tenant} = x.tenant and i.${i.column('id')} = x.id
             and i.${i.column('version')} = x.before and i.${i.column('pinned_to')} is null
           returning i.${i.column('id')}::text`,
    params: [
      arrayText(members.map((member) => member.tenantId)),
      arrayText(members.map((member) => member.installId)),
      arrayText(moves.map(({ to }) => String(to))),
      arrayText(moves.map(({ from }) => String(from))),
    ],
    prepare: false,
  }
}

function tellMoved(
  platform: Platform,
  { schema, schemaId }: Rollout,
  { tenantId, profile }: Member,
  from: number,
  to: number,
): Statement {
  return insertEvent(platform, {
    type: 'install.updated',
    tenantId,
    subject: schemaId,
    data: { tenant_id: tenantId, schema_id: schemaId, schema, profile, old_version: from, version: to },
  })
}

/** How many installs have the version, could have it, and are pinned elsewhere. */
export interface InstallCounts {
  readonly moved: number
  readonly total: number
  readonly pinned: number
  /** The same by store: `{ store, moved, total, pinned }`. */
  readonly stores: Json
}

/** Where the installs of the schema stand. */
export async function countInstalls(
  connection: Connection,
  platform: Platform,
  { schemaId, toVersion }: Pick<Rollout, 'schemaId' | 'toVersion'>,
): Promise<InstallCounts> {
  const s = tableNames(platform, 'stores')
  const i = tableNames(platform, 'installs')
  const [version, pinned] = [i.column('version'), i.column('pinned_to')]
  const rows = await query(
    connection,
    `select s.${s.column('name')}, count(*) filter (where i.${version} = $2)::text, count(*)::text,
            count(*) filter (where i.${version} < $2 and i.${pinned} is not null)::text
     from ${i.table} i join backsaas.placements p on p.id = i.${i.column('placement_id')}
     join ${s.table} s on s.${s.column('id')} = p.store_id
     where i.${i.column('schema_id')} = $1 group by 1 order by 1`,
    [schemaId, String(toVersion)],
  )
  const stores = rows.map(([store, ...counts]) => {
    const [moved = 0, total = 0, held = 0] = counts.map(Number)
    return { store: String(store), moved, total, pinned: held }
  })
  const sum = (of: 'moved' | 'total' | 'pinned'): number => stores.reduce((all, one) => all + one[of], 0)
  return { moved: sum('moved'), total: sum('total'), pinned: sum('pinned'), stores }
}
