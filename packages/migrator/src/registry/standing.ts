/** A schema and the place it has in a store, before a version is added. */
import type { CompiledSchema, Connection, Mapping } from '@backsaas/core'
import { BackSaasError, uuidv7 } from '@backsaas/core'
import type { MigrationProblem } from '../execute/migration-row.ts'
import { query } from '../execute/migrator-transaction.ts'
import { highestId } from '../plan/identity.ts'
import type { Naming } from '../plan/names.ts'
import type { LiveVersion } from '../plan/waiting-migration.ts'
import type { DeliveryPlan } from '../stores/delivery-row.ts'
import { readCompiled, readMapping, readPlatform, tableNames } from './platform.ts'

export interface Publication {
  readonly compiled: CompiledSchema
  /** The document as it was written. */
  readonly source: string
  /** The tenant that owns the schema. */
  readonly ownerId: string
  readonly storeId: string
  readonly naming: Naming
  /** The newest version that the publisher knows of, 0 for none: another one is a conflict. Any, unless given. */
  readonly base?: number
  /** It serves, and no install moves to it before a roll-out does it. */
  readonly hold?: boolean
  /** How it goes to the other stores of the schema. */
  readonly delivery?: DeliveryPlan
  /** Known ids: the platform's own, which every database shares, or those of a schema that comes to one more store. */
  readonly fixed?: { readonly schemaId: string; readonly placementId: string }
  /** The default store has it under that number: nothing is numbered, registered or told anew, and its ids are given. */
  readonly follow?: { readonly version: number; readonly store: string }
}

/** The schema and the place it has in the store, before this publication. */
export interface Standing {
  readonly schemaId: string
  readonly schemaIsNew: boolean
  readonly placementId: string
  readonly placementIsNew: boolean
  readonly versions: readonly StandingVersion[]
  /** The migrations that are not over, in the order of their versions. */
  readonly open: readonly OpenMigration[]
}

/** A migration that is not over, as it stands. */
export interface OpenMigration {
  readonly id: string
  readonly phase: string
  readonly fromVersion: number
  readonly toVersion: number
  /** Both versions serve, and its contract has not begun: it may stay so for weeks, and newer versions are published over it. */
  readonly isWaiting: boolean
  readonly problem: MigrationProblem | null
}

export interface StandingVersion {
  readonly version: number
  readonly live: boolean
  readonly hash: string
  readonly compiled: string
  readonly mapping: Mapping
}

/** The version that the author wrote down must be the one that this becomes: else someone has published meanwhile. */
export function checkExpected({ name, version }: CompiledSchema, becomes: number): void {
  if (version === undefined || version === becomes) return
  throw new BackSaasError(
    'VERSION_CONFLICT',
    409,
    `the document of ${name} expects version ${version}, this would be version ${becomes}`,
    {
      details: { schema: name, base: version - 1, newest: becomes - 1 },
      hint: `Compare with what is live, then write \`version: ${becomes}\` or leave it out.`,
    },
  )
}

/** Who has not seen the newest version would undo what it brought. */
export function checkBase({ compiled, base }: Publication, newest: number): void {
  if (base === undefined || compiled.version !== undefined || base === newest) return
  const { name } = compiled
  const known = base === 0 ? `before ${name} had any version` : `on version ${base} of ${name}`
  throw new BackSaasError('VERSION_CONFLICT', 409, `this was written ${known}, and version ${newest} is there now`, {
    details: { schema: name, base, newest },
    hint: `Compare with version ${newest}, then publish on it (\`base: ${newest}\`).`,
  })
}

export async function readStanding(connection: Connection, publication: Publication): Promise<Standing> {
  const known = publication.fixed?.schemaId ?? (await findSchema(connection, publication))
  const schemaId = known ?? uuidv7()
  const [placement] = await query(
    connection,
    'select id::text from backsaas.placements where store_id = $1 and schema_id = $2',
    [publication.storeId, schemaId],
  )
  const placementId = placement?.[0] ?? publication.fixed?.placementId ?? uuidv7()
  const rows = await query(
    connection,
    // Ordered by the column, not by the text of the same name that is selected: 9 comes before 10.
    `select version::text, state, hash, compiled, mapping from backsaas.versions v
     where placement_id = $1 order by v.version`,
    [placementId],
  )
  return {
    open: await readOpen(connection, placementId),
    schemaId,
    schemaIsNew: known === null || (publication.fixed !== undefined && !placement),
    placementId,
    placementIsNew: !placement,
    versions: rows.map(([version, state, hash, compiled, mapping]) => ({
      version: Number(version),
      live: state === 'live',
      hash: String(hash),
      compiled: String(compiled),
      mapping: readMapping(mapping),
    })),
  }
}

/** The migrations of a placement that are not over, in the order of their versions. */
export async function readOpen(connection: Connection, placementId: string): Promise<OpenMigration[]> {
  const rows = await query(
    connection,
    `select m.id::text, m.phase, m.from_version::text, m.to_version::text, m.problem,
       (m.phase = 'live' or (m.phase = 'contract' and m.step_cursor is null
         and m.plan::json -> 'steps' -> m.step ->> 'kind' = 'retire'))::text
     from backsaas.migrations m where placement_id = $1 and phase not in ('done', 'rolled_back') order by m.to_version`,
    [placementId],
  )
  return rows.map(([id, phase, from, to, problem, isWaiting]) => ({
    id: String(id),
    phase: String(phase),
    fromVersion: Number(from),
    toVersion: Number(to),
    isWaiting: isWaiting === 'true',
    // Written by us.
    problem: problem ? (JSON.parse(problem) as MigrationProblem) : null,
  }))
}

async function findSchema(connection: Connection, publication: Publication): Promise<string | null> {
  const schemas = tableNames(await readPlatform(connection), 'schemas')
  const [row] = await query(
    connection,
    `select ${schemas.column('id')}::text from ${schemas.table} where ${schemas.tenant} = $1 and ${schemas.column('name')} = $2`,
    [publication.ownerId, publication.compiled.name],
  )
  return row?.[0] ?? null
}

export function liveVersions(versions: readonly StandingVersion[]): LiveVersion[] {
  return versions
    .filter(({ live }) => live)
    .map(({ compiled, mapping }) => ({ compiled: readCompiled(compiled), mapping }))
}

/** Of all versions, so that an id of what is gone is never given again. */
export function highestEver(versions: readonly StandingVersion[]): number {
  return Math.max(0, ...versions.map(({ compiled }) => highestId(readCompiled(compiled))))
}

/** @throws `MIGRATION_OPEN` (409) where a migration of the schema is on its way to or from a version: what comes after it builds on it. */
export function refuseMoving({ name }: CompiledSchema, { open }: Standing): void {
  const moving = open.find(({ isWaiting }) => !isWaiting)
  if (!moving) return
  const { id, phase, toVersion } = moving
  const hint =
    phase === 'contract'
      ? 'its contract has begun: publish again when that is over'
      : `\`backsaas migrate --resume ${name}\` goes on with it, \`backsaas rollback ${name}\` takes it back`
  throw new BackSaasError(
    'MIGRATION_OPEN',
    409,
    `a migration of ${name} to version ${toVersion} is not over (${phase})`,
    {
      hint,
      details: { migration_id: id, phase, to_version: toVersion },
    },
  )
}
