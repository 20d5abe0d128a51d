/** A placement of another database, copied to home: so runtimes, pins and roll-outs read one registry. */
import { type Connection, type Database, DEFAULT_STORE_ID, type Statement } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { moveInstalls } from '../registry/move-installs.ts'
import { readPlatform } from '../registry/platform.ts'
import { standingVersion } from '../registry/release-version.ts'

const COLUMNS =
  'version::text, state, hash, compiled, mapping, created_at::text, deprecated_at::text, sunset_at::text, held::text'

/**
 * Copies what is new there, and moves installs to a version that serves now, unless it is held back. What home has closed stays
 * closed, and what a roll-out has released stays released: these are home's to say.
 *
 * @param database of the placement. @param name its name.
 */
export async function mirrorPlacement(
  home: Database,
  database: Database,
  name: string,
  placementId: string,
): Promise<void> {
  const there = await migratorTransaction(database, (connection) => readThere(connection, placementId))
  if (!there) return
  await migratorTransaction(home, async (connection) => {
    const known = await knownVersions(connection, placementId)
    const isNews = there.versions.some((row) => {
      const here = known.get(String(row[0]))
      return here === undefined || (here.state !== 'retired' && here.print !== printOf(row))
    })
    if (known.size > 0 && !isNews) return
    await connection.batch([EXCLUSIVE])
    const schemaId = String(there.placement[2])
    const leading = await leadingVersions(connection, schemaId)
    // All of them: with a version that serves now, those before it may be on their way out.
    const rows = there.versions.filter(([version]) => leading.get(String(version)) !== 'taken back')
    await connection.batch([
      insertPlacement(there.placement, name),
      ...rows.map((row) => copyVersion(placementId, row, leading.get(String(row[0])) === 'held')),
    ])
    const standing = await standingVersion(connection, placementId)
    if (standing !== null) await connection.batch([moveInstalls(await readPlatform(connection), placementId, standing)])
  })
}

/** What the default store says of its versions: held back, taken back, or neither. */
async function leadingVersions(
  connection: Connection,
  schemaId: string,
): Promise<ReadonlyMap<string, 'held' | 'taken back' | 'its own'>> {
  const rows = await query(
    connection,
    `select v.version::text, v.held::text, exists (select from backsaas.migrations m where m.placement_id = p.id
       and m.to_version = v.version and m.phase in ('rollback', 'rolled_back'))::text
     from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
     where p.schema_id = $1 and p.store_id = $2`,
    [schemaId, DEFAULT_STORE_ID],
  )
  return new Map(
    rows.map(([version, held, back]) => [
      String(version),
      back === 'true' ? 'taken back' : held === 'true' ? 'held' : 'its own',
    ]),
  )
}

type Row = readonly (string | null)[]

async function readThere(
  connection: Connection,
  placementId: string,
): Promise<{ placement: Row; versions: readonly Row[] } | null> {
  const [placement] = await query(
    connection,
    'select id::text, store_id::text, schema_id::text, schema_name, pg_schema from backsaas.placements where id = $1',
    [placementId],
  )
  if (!placement) return null
  const versions = await query(
    connection,
    `select ${COLUMNS}, ${PRINT} from backsaas.versions v where placement_id = $1 order by v.version`,
    [placementId],
  )
  return { placement, versions }
}

/** What may change of a version there. */
const PRINT = `md5(concat_ws('|', state, compiled))`

function printOf(row: Row): string {
  return String(row.at(-1))
}

async function knownVersions(
  connection: Connection,
  placementId: string,
): Promise<ReadonlyMap<string, { readonly state: string; readonly print: string }>> {
  const rows = await query(
    connection,
    `select version::text, state, ${PRINT} from backsaas.versions where placement_id = $1`,
    [placementId],
  )
  return new Map(
    rows.map(([version, state, print]) => [String(version), { state: String(state), print: String(print) }]),
  )
}

function insertPlacement(placement: Row, name: string): Statement {
  return {
    text: `insert into backsaas.placements (id, store_id, schema_id, schema_name, pg_schema, database)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    params: [...placement, name],
    prepare: false,
  }
}

/** What was read a moment ago may be older than what another has copied. @param isHeld whether the default store holds it back. */
function copyVersion(placementId: string, row: Row, isHeld: boolean): Statement {
  return {
    text: `insert into backsaas.versions as v
             (placement_id, version, state, hash, compiled, mapping, created_at, deprecated_at, sunset_at, held)
           values ($1, $2, $3, $4, $5, $6, $7::timestamptz, $8::timestamptz, $9::timestamptz, $10::bool)
           on conflict (placement_id, version) do update set state = excluded.state, compiled = excluded.compiled,
             held = excluded.held and v.held,
             deprecated_at = coalesce(v.deprecated_at, excluded.deprecated_at), sunset_at = coalesce(v.sunset_at, excluded.sunset_at)
           where v.state <> 'retired' and not (v.state = 'live' and excluded.state = 'preparing')`,
    params: [placementId, ...row.slice(0, 8), String(isHeld)],
    prepare: false,
  }
}
