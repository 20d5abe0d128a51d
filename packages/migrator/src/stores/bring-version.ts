/**
 * One store a step further towards the versions that the default store has: one transaction in the store's database, which looks
 * at what is there and does what is missing. Safe to repeat, and for several at once.
 */
import type { Connection, Database } from '@backsaas/core'
import { type MigrationRow, readMigration } from '../execute/migration-row.ts'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { readableNaming } from '../plan/names.ts'
import { readCompiled } from '../registry/platform.ts'
import { isForMigration } from '../registry/publish-or-request.ts'
import { publishVersion } from '../registry/publish-version.ts'
import { requestMigration } from '../registry/request-migration.ts'
import type { Publication } from '../registry/standing.ts'
import type { Lead, LeadVersion, VersionContent } from './lead.ts'

/** A schema in a store, which may not be there yet. */
export interface Place {
  readonly placementId: string
  readonly storeId: string
  /** The store's name. */
  readonly store: string
}

export interface Brought {
  /** The newest that serves there; 0 for none. */
  readonly version: number
  /** The migrations that are not over, the newest first. */
  readonly open: readonly MigrationRow[]
}

/**
 * @param content reads a version's from home.
 * @param returning the version that is taken back; null where it goes forward.
 * @returns how the store stands then; what takes a migration is asked for, and run by the migrator of its database.
 */
export async function bringVersion(
  database: Database,
  place: Place,
  lead: Lead,
  content: (version: number) => Promise<VersionContent>,
  returning: number | null,
): Promise<Brought> {
  // Whatever keeps a version from coming, what is on its way is told how it goes on.
  await migratorTransaction(database, (connection) => steer(connection, place, lead, returning))
  while (returning === null) {
    const next = await migratorTransaction(database, (connection) => nextVersion(connection, place, lead))
    if (next === null) break
    const { compiled, source } = await content(next.version)
    const publication: Publication = {
      compiled: readCompiled(compiled),
      source,
      ownerId: lead.ownerId,
      storeId: place.storeId,
      naming: readableNaming,
      hold: next.held,
      fixed: { schemaId: lead.schemaId, placementId: place.placementId },
      follow: { version: next.version, store: place.store },
    }
    await migratorTransaction(database, (connection) => publishOrAsk(connection, place, lead, publication))
  }
  await renewDecisions(database, place, lead, content)
  return migratorTransaction(database, async (connection) => {
    await steer(connection, place, lead, returning)
    return readBrought(connection, place)
  })
}

/** The oldest that serves in the default store and is newer than what the store has; null where there is none, or one is on its way. */
async function nextVersion(connection: Connection, place: Place, lead: Lead) {
  const rows = await query(
    connection,
    `select max(version)::text, bool_or(state = 'preparing')::text from backsaas.versions where placement_id = $1`,
    [place.placementId],
  )
  if (rows[0]?.[1] === 'true') return null
  const newest = Number(rows[0]?.[0] ?? 0)
  const live = lead.versions.filter(({ state }) => state === 'live')
  if (newest === 0) return firstVersion(lead, live)
  return live.find(({ version }) => version > newest) ?? null
}

/** What an install gets, and before what may be taken back yet: that and what is held back come next. */
function firstVersion({ migrations }: Lead, live: readonly LeadVersion[]): LeadVersion | null {
  const open = migrations.find(({ phase, contracts }) => (phase === 'live' || phase === 'contract') && !contracts)
  const all = live.filter(({ held }) => !held)
  return (
    all.findLast(({ version }) => open === undefined || version < open.toVersion) ?? all.at(-1) ?? live.at(-1) ?? null
  )
}

async function publishOrAsk(connection: Connection, place: Place, lead: Lead, asked: Publication): Promise<void> {
  await connection.batch([EXCLUSIVE])
  // Somebody else may have been faster.
  const next = await nextVersion(connection, place, lead)
  if (next === null || next.version !== asked.follow?.version) return
  const publication = { ...asked, hold: next.held && !(await isReleased(connection, lead, next.version)) }
  try {
    await publishVersion(connection, publication)
  } catch (error) {
    if (!isForMigration(error)) throw error
    await requestMigration(connection, publication)
  }
}

/** Since the default store was read; of another database that is asked where the placement is copied to home. */
async function isReleased(connection: Connection, lead: Lead, version: number): Promise<boolean> {
  const text = 'select held::text from backsaas.versions where placement_id = $1 and version = $2 for share'
  const [row] = await query(connection, text, [lead.placementId, String(version)])
  return row?.[0] === 'false'
}

/** What rules come to may be made anew without another content, by a newer plugin say. */
async function renewDecisions(
  database: Database,
  { placementId }: Place,
  lead: Lead,
  content: (version: number) => Promise<VersionContent>,
): Promise<void> {
  const rows = await migratorTransaction(database, (connection) =>
    query(
      connection,
      `select v.version::text, md5(v.compiled) from backsaas.versions v where placement_id = $1 and state = 'live'`,
      [placementId],
    ),
  )
  for (const [version, print] of rows) {
    const there = lead.versions.find((one) => String(one.version) === version && one.state === 'live')
    if (!there || there.print === print) continue
    const { compiled } = await content(there.version)
    const text = 'update backsaas.versions set compiled = $1 where placement_id = $2 and version = $3'
    const params = [compiled, placementId, String(version)]
    await migratorTransaction(database, (connection) => connection.batch([{ text, params, prepare: false }]))
  }
}

/** What the migrator of the database is asked for, as the default store goes. */
async function steer(
  connection: Connection,
  { placementId }: Place,
  lead: Lead,
  returning: number | null,
): Promise<void> {
  const rows = await query(
    connection,
    `select id::text, to_version::text from backsaas.migrations
     where placement_id = $1 and follows and phase not in ('done', 'rolled_back')`,
    [placementId],
  )
  for (const [id, version] of rows) {
    const wanted = returning !== null && returning === Number(version) ? 'rolled_back' : wish(lead, Number(version))
    const hurried = wanted === 'done' && isHurried(lead, Number(version))
    await query(
      connection,
      // Destructive steps were confirmed where the default store's began, which are over there, those before it serves as those of
      // its contract: it is the same change.
      // What stood in the way is no matter of what is wanted instead; what failed is tried again after a while.
      `update backsaas.migrations m set wanted = $2, hurried = $3::bool, confirmed = n.token,
         problem = case when n.is_new and state in ('waiting', 'blocked', 'failed') then null else problem end,
         state = case when state = 'failed' or n.is_new and state in ('waiting', 'blocked') then 'ready' else state end
       from (select o.id, t.token, o.wanted is distinct from $2 or o.confirmed is distinct from t.token as is_new
         from backsaas.migrations o, lateral (select case when $2 = 'rolled_back' then o.confirmed else o.token end) t (token)
         where o.id = $1) n
       where m.id = n.id and (n.is_new or hurried <> $3::bool
         or state = 'failed' and updated_at < clock_timestamp() - interval '30 seconds')`,
      [String(id), wanted, String(hurried)],
    )
  }
}

function wish(lead: Lead, version: number): 'live' | 'done' | 'rolled_back' {
  const { migrations, versions } = lead
  const own = migrations.find(({ toVersion }) => toVersion === version)
  if (own?.phase === 'rollback' || own?.phase === 'rolled_back') return 'rolled_back'
  const ends = own ?? migrations.find(({ toVersion, contracts }) => toVersion > version && contracts)
  // Retired with whatever is newer, it was not taken back.
  const there = versions.find((one) => one.version === version)?.state
  if (there !== 'live' && !ends?.contracts) return 'rolled_back'
  return ends?.contracts ? 'done' : 'live'
}

/** Whether those that still ask for older versions are refused there. */
function isHurried({ migrations }: Lead, version: number): boolean {
  return migrations.some(({ toVersion, contracts, hurried }) => toVersion >= version && contracts && hurried)
}

export async function readBrought(connection: Connection, { placementId }: Place): Promise<Brought> {
  const [row] = await query(
    connection,
    `select max(version)::text from backsaas.versions where placement_id = $1 and state = 'live'`,
    [placementId],
  )
  const migrations = await query(
    connection,
    `select id::text from backsaas.migrations m
     where placement_id = $1 and phase not in ('done', 'rolled_back') order by m.to_version desc`,
    [placementId],
  )
  const open: MigrationRow[] = []
  for (const [id] of migrations) open.push(await readMigration(connection, String(id)))
  return { version: Number(row?.[0] ?? 0), open }
}
