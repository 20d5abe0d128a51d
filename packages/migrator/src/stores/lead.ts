/** A schema as the default store has it: versions come there first, and every other store follows. */
import { type Connection, DEFAULT_STORE_ID, invariant } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

export interface LeadVersion {
  readonly version: number
  readonly state: 'preparing' | 'live' | 'retired'
  readonly held: boolean
  /** MD5 of what is compiled. */
  readonly print: string
}

export interface Lead {
  readonly schemaId: string
  readonly schema: string
  /** The tenant that owns the schema. */
  readonly ownerId: string
  readonly placementId: string
  /** In their order. */
  readonly versions: readonly LeadVersion[]
  /** In the order of their versions. */
  readonly migrations: readonly LeadMigration[]
}

export interface LeadMigration {
  readonly toVersion: number
  readonly phase: string
  /** Its versions before are retired, and it is not taken back any more. */
  readonly contracts: boolean
  readonly hurried: boolean
}

/** @returns null where the schema has no version in the default store. */
export async function readLead(connection: Connection, platform: Platform, schemaId: string): Promise<Lead | null> {
  const s = tableNames(platform, 'schemas')
  const [schema] = await query(
    connection,
    `select p.id::text, p.schema_name, s.${s.tenant}::text from backsaas.placements p
     join ${s.table} s on s.${s.column('id')} = p.schema_id where p.schema_id = $1 and p.store_id = $2`,
    [schemaId, DEFAULT_STORE_ID],
  )
  if (!schema) return null
  const [placementId, name, ownerId] = schema.map(String) as [string, string, string]
  const versions = await query(
    connection,
    'select v.version::text, v.state, v.held::text, md5(v.compiled) from backsaas.versions v where v.placement_id = $1 order by v.version',
    [placementId],
  )
  const migrations = await query(
    connection,
    `select to_version::text, phase, hurried::text,
       (phase = 'done' or phase in ('live', 'contract') and case m.plan::json -> 'steps' -> m.step ->> 'kind'
          when 'retire' then m.step_cursor is not distinct from 'retired' else phase = 'contract' end)::text
     from backsaas.migrations m where placement_id = $1 order by m.to_version`,
    [placementId],
  )
  return {
    schemaId,
    schema: name,
    ownerId,
    placementId,
    versions: versions.map(([version, state, held, print]) => ({
      version: Number(version),
      state: state as LeadVersion['state'], // the column's CHECK
      held: held === 'true',
      print: String(print),
    })),
    migrations: migrations.map(([toVersion, phase, hurried, contracts]) => ({
      toVersion: Number(toVersion),
      phase: String(phase),
      contracts: contracts === 'true',
      hurried: hurried === 'true',
    })),
  }
}

/** What another store is brought. */
export interface VersionContent {
  /** JSON of the `CompiledSchema`, its ids and decisions included. */
  readonly compiled: string
  /** The document. */
  readonly source: string
}

export async function readContent(
  connection: Connection,
  platform: Platform,
  { placementId, schemaId }: Lead,
  version: number,
): Promise<VersionContent> {
  const d = tableNames(platform, 'schema_versions')
  const [row] = await query(
    connection,
    `select v.compiled, d.${d.column('source')} from backsaas.versions v
     left join ${d.table} d on d.${d.column('schema_id')} = $3 and d.${d.column('version')} = v.version
     where v.placement_id = $1 and v.version = $2`,
    [placementId, String(version), schemaId],
  )
  invariant(row?.[0], 'a version of the default store holds what is compiled')
  return { compiled: row[0], source: row[1] ?? '' }
}
