/** Versions of schemas as the control schema has them: found, read, and bound to their physical names. */
import {
  type CompiledSchema,
  type Connection,
  DEFAULT_STORE_ID,
  type Mapping,
  PLATFORM_PLACEMENT_ID,
} from '@backsaas/core'
import { type BoundSchema, bindSchema } from '../binding/bound-schema.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import { type CompiledOf, readCompiled } from './compiled-cache.ts'
import type { Profile } from './registry-rows.ts'

const PLATFORM = `select v.version, v.compiled, v.mapping from backsaas.versions v
  where v.placement_id = $1 and v.state = 'live' order by v.version desc limit 1`
/** A database that was set up earlier has no column for the name of another one. */
const DATABASE = `to_jsonb(p) ->> 'database'`
const VERSION = `select v.compiled, v.mapping, encode(sha256(convert_to(v.compiled, 'UTF8')), 'hex'), ${DATABASE}
  from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
  where v.placement_id = $1 and v.version = $2`
const BY_HASH = `select v.placement_id, v.version from backsaas.versions v
  join backsaas.placements p on p.id = v.placement_id
  where p.schema_name = $1 and v.hash = $2 and v.state = 'live' and ${DATABASE} is null
  order by p.store_id = $3 desc, v.version desc limit 1`

/**
 * The platform's own schema in its live version.
 *
 * @throws `NOT_BOOTSTRAPPED` (503) where the database has none.
 */
export async function loadPlatform(connection: Connection): Promise<BoundSchema> {
  const [result] = await connection.batch([{ text: PLATFORM, params: [PLATFORM_PLACEMENT_ID] }])
  const row = result?.rows[0]
  if (!row) throw notBootstrapped()
  const [version, compiled, mapping] = row
  return bind(readCompiled(String(compiled)), String(mapping), PLATFORM_PLACEMENT_ID, Number(version), null)
}

/**
 * One version of one placement, ready to plan on.
 *
 * @param compiledOf reads what is compiled, and gives the same value for the same content.
 * @throws `STALE_SCHEMA` (503) where it is not there any more.
 */
export async function loadVersion(
  connection: Connection,
  { placementId, version }: { readonly placementId: string; readonly version: number },
  platform: BoundSchema,
  compiledOf: CompiledOf,
): Promise<BoundSchema> {
  const [result] = await connection.batch([{ text: VERSION, params: [placementId, String(version)] }])
  const row = result?.rows[0]
  if (!row) throw runtimeError('STALE_SCHEMA', 'the version of the schema is gone')
  const [compiled, mapping, digest, database = null] = row
  return bind(compiledOf(String(digest), String(compiled)), String(mapping), placementId, version, platform, database)
}

/**
 * Where a schema given in code is live: the placement and version with its hash, the pooled store's before others. What is placed in another database
 * is not for all tenants.
 *
 * @param source what the developer wrote, for the hint.
 * @throws `SCHEMA_NOT_MIGRATED` (503) where there is none.
 */
export async function findVersion(connection: Connection, compiled: CompiledSchema, source: string): Promise<Profile> {
  const statement = { text: BY_HASH, params: [compiled.name, compiled.hash, DEFAULT_STORE_ID] }
  const [result] = await connection.batch([statement])
  const row = result?.rows[0]
  if (!row)
    throw runtimeError(
      'SCHEMA_NOT_MIGRATED',
      `the schema ${compiled.name}, as given in code, is not live in the database`,
      {
        hint: `run \`backsaas migrate ${source}\``,
      },
    )
  return { name: compiled.name, placementId: String(row[0]), version: Number(row[1]) }
}

/** The control schema is written by the migrator alone, so its JSON is taken at its word. */
function bind(
  compiled: CompiledSchema,
  mapping: string,
  placementId: string,
  version: number,
  platform: BoundSchema | null,
  database: string | null = null,
): BoundSchema {
  return bindSchema(compiled, JSON.parse(mapping) as Mapping, placementId, version, platform, database)
}

export function notBootstrapped(cause?: unknown): Error {
  return runtimeError('NOT_BOOTSTRAPPED', 'the database has no control schema yet', {
    hint: 'run `backsaas migrate`',
    cause,
  })
}
