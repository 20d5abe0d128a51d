/** `start_rollout`: a version that serves goes to those who have an older one, wave by wave. */
import type { Connection, JobArguments, Json } from '@backsaas/core'
import { BackSaasError, DEFAULT_STORE_ID, uuidv7 } from '@backsaas/core'
import { EXCLUSIVE, query } from '../execute/migrator-transaction.ts'
import type { Act, ActContext } from '../jobs/act.ts'
import { insertRow, type Platform, tableNames } from '../registry/platform.ts'
import { versionNotLive } from '../registry/release-version.ts'
import { refuseBehind } from '../stores/refuse-behind.ts'
import { findStore } from '../stores/store-rows.ts'
import { compileCohort } from './cohort.ts'
import { countedJson, healthSince, KEPT, readCounted } from './health.ts'
import { countInstalls } from './move-installs.ts'
import { DEFAULT_BAKE, DEFAULT_WAVES, RolloutFault, readGates, readWaves, type Wave } from './rollout-plan.ts'
import { type Rollout, refuseOpenRollout, rolloutJson, tellLeaders } from './rollout-row.ts'
import { tellRollout } from './tell-rollout.ts'

interface Place {
  readonly schemaId: string
  readonly schema: string
  readonly placementId: string
  readonly toVersion: number
}

/**
 * @throws `STORES_BEHIND` (409) where a store does not have the version yet; `SCHEMA_UNKNOWN`, `STORE_UNKNOWN` (404); `VERSION_NOT_LIVE`, `ROLLOUT_OPEN`, `ROLLOUT_EMPTY` (409) where nobody has an older version;
 *   `ARGUMENTS_INVALID` (422).
 */
export const startRollout: Act<'start_rollout'> = async (input, context) => {
  const { connection, platform, tenant } = context
  await connection.batch([EXCLUSIVE])
  const place = await findPlace(input, context)
  const { waves, gates } = readPlan(input, platform)
  await refuseOpenRollout(connection, platform, place.placementId)
  await refuseBehind(connection, platform, place)
  for (const { store } of waves) if (store !== undefined) await findStore(connection, platform, store, 'name')
  const fromVersion = await olderVersion(connection, platform, place)
  const rollout: Rollout = {
    ...place,
    id: uuidv7(),
    ownerId: tenant.id,
    fromVersion,
    waves,
    gates,
    state: 'running',
    wave: 0,
    reached: null,
    bakingForMs: null,
    problem: null,
    counted: null,
    control: null,
  }
  const counts = await countInstalls(connection, platform, rollout)
  // How the version before has served up to now: what the last wave, or a few requests, are compared with.
  const so = healthSince(await readCounted(connection, platform, rollout), new Map())
  await connection.batch([
    insertRow(platform, 'rollouts', tenant.id, {
      id: rollout.id,
      schema_id: rollout.schemaId,
      schema_name: rollout.schema,
      placement_id: rollout.placementId,
      from_version: String(fromVersion),
      to_version: String(rollout.toVersion),
      waves: JSON.stringify(waves),
      gates: JSON.stringify(gates),
      control: JSON.stringify(countedJson(new Map([[KEPT, so]]))),
      moved: String(counts.moved),
      total: String(counts.total),
      pinned: String(counts.pinned),
      stores: JSON.stringify(counts.stores),
    }),
    tellRollout(platform, rollout, 'rollout.started', {}),
    tellLeaders(),
  ])
  return { result: { ...rolloutJson(rollout), ...counts } }
}

function readPlan(
  { waves, bake, gates }: JobArguments['start_rollout'],
  platform: Platform,
): { readonly waves: readonly Wave[]; readonly gates: Rollout['gates'] } {
  const read = <T>(argument: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof RolloutFault)) throw error
      throw new BackSaasError('ARGUMENTS_INVALID', 422, `start_rollout: ${argument} ${error.message}`, {
        errors: [{ pointer: `/${argument}`, code: 'INVALID_ARGUMENT', detail: error.message }],
      })
    }
  }
  return {
    waves: read('waves', () => {
      const all = readWaves(waves ?? ([...DEFAULT_WAVES] as Json), bake ?? DEFAULT_BAKE)
      for (const { where } of all) if (where !== undefined) compileCohort(where, platform)
      return all
    }),
    gates: read('gates', () => readGates(gates ?? {})),
  }
}

/** The tenant's own schema, at the newest version that serves or the one that is asked for. */
async function findPlace(
  { schema, to }: JobArguments['start_rollout'],
  { connection, platform, tenant }: ActContext,
): Promise<Place> {
  const name = schema.split('/').at(-1) ?? ''
  const s = tableNames(platform, 'schemas')
  const rows = await query(
    connection,
    `select s.${s.column('id')}::text, p.id::text, v.version::text from ${s.table} s
     join backsaas.placements p on p.schema_id = s.${s.column('id')} and p.store_id = $1
     join backsaas.versions v on v.placement_id = p.id and v.state = 'live'
     where s.${s.tenant} = $2 and s.${s.column('name')} = $3 order by v.version desc`,
    [DEFAULT_STORE_ID, tenant.id, name],
  )
  const versions = rows.map((row) => Number(row[2]))
  const [schemaId, placementId] = rows[0] ?? []
  if (!schemaId || !placementId)
    throw new BackSaasError('SCHEMA_UNKNOWN', 404, `${tenant.slug} has no schema ${JSON.stringify(name)}`, {
      hint: 'a roll-out is started by the tenant that owns the schema',
    })
  const toVersion = to ?? versions[0] ?? 0
  if (versions.includes(toVersion)) return { schemaId, schema: name, placementId, toVersion }
  throw versionNotLive(name, toVersion, versions.toReversed())
}

/** The version that most have who are to move. */
async function olderVersion(
  connection: Connection,
  platform: Platform,
  { schemaId, schema, toVersion }: Place,
): Promise<number> {
  const i = tableNames(platform, 'installs')
  const version = i.column('version')
  const [row] = await query(
    connection,
    `select ${version}::text from ${i.table}
     where ${i.column('schema_id')} = $1 and ${version} < $2 and ${i.column('pinned_to')} is null
     group by 1 order by count(*) desc, 1 desc limit 1`,
    [schemaId, String(toVersion)],
  )
  if (row?.[0]) return Number(row[0])
  throw new BackSaasError('ROLLOUT_EMPTY', 409, `nobody has an older version of ${schema} than ${toVersion}`, {
    hint: 'publish with `hold: true` (`--hold`): a version that is not held back goes to everybody at once',
  })
}
