/** Which installs are pinned, where, until when and why. */
import type { Connection, Database, Json, JsonObject } from '@backsaas/core'
import { SYSTEM_TENANT_ID } from '@backsaas/core'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'

export interface Pin {
  /** The slug. */
  readonly tenant: string
  readonly profile: string
  readonly schema: string
  readonly version: number
  /** RFC 3339, in UTC. */
  readonly until: string
  readonly reason: string
  /** `{ kind, id }` of who pinned it. */
  readonly by: Json
  /** Whether the deadline has passed, by the database's clock. */
  readonly overdue: boolean
}

/** How many, and the first few of them. */
export interface Pinned {
  readonly count: number
  readonly samples: readonly Pin[]
}

const SAMPLES = 5

/** Which of them: all conditions hold. */
export interface PinFilter {
  readonly placementId?: string
  /** A placement: pins of its schema, in whatever store. */
  readonly schemaOf?: string
  /** The name of a schema. */
  readonly schema?: string
  readonly below?: number
  readonly exactly?: number
}

/** The one whose deadline is nearest, or longest past, comes first. */
export async function readPins(
  connection: Connection,
  platform: Platform,
  filter: PinFilter = {},
  limit = 10_000,
): Promise<Pinned> {
  if (!canPin(platform)) return { count: 0, samples: [] }
  const [i, t] = [tableNames(platform, 'installs'), tableNames(platform, 'tenants')]
  const [to, until] = [`i.${i.column('pinned_to')}`, `i.${i.column('pinned_until')}`]
  const given = [
    filter.placementId,
    filter.schema,
    filter.below?.toString(),
    filter.exactly?.toString(),
    filter.schemaOf,
  ]
  const rows = await query(
    connection,
    `select t.${t.column('slug')}, i.${i.column('profile')}, i.${i.column('schema_name')}, ${to}::text,
            (extract(epoch from ${until}) * 1000)::bigint::text, i.${i.column('pinned_reason')}, i.${i.column('pinned_by')}::text,
            (${until} <= clock_timestamp())::text, count(*) over ()::text
     from ${i.table} i join ${t.table} t on t.${t.tenant} = $1 and t.${t.column('id')} = i.${i.tenant}
     where ${to} is not null and ($2::uuid is null or i.${i.column('placement_id')} = $2::uuid)
       and ($3::text is null or i.${i.column('schema_name')} = $3)
       and ($4::int is null or ${to} < $4::int) and ($5::int is null or ${to} = $5::int)
       and ($6::uuid is null or i.${i.column('schema_id')} = (select p.schema_id from backsaas.placements p where p.id = $6::uuid))
     order by ${until}, 1, 2 limit ${limit}`,
    [SYSTEM_TENANT_ID, ...given.map((value) => value ?? null)],
  )
  return { count: Number(rows[0]?.[8] ?? 0), samples: rows.map(toPin) }
}

/** The first few alone: of a placement that thousands may have. */
export function samplePins(connection: Connection, platform: Platform, filter: PinFilter): Promise<Pinned> {
  return readPins(connection, platform, filter, SAMPLES)
}

function toPin(row: readonly (string | null)[]): Pin {
  const [tenant, profile, schema, version, until, reason, by, overdue] = row
  return {
    tenant: String(tenant),
    profile: String(profile),
    schema: String(schema),
    version: Number(version),
    until: new Date(Number(until)).toISOString(),
    reason: reason ?? '',
    by: JSON.parse(by ?? 'null') as Json, // a json column
    overdue: overdue === 'true',
  }
}

/** False of a platform that an older release set up, while it is migrated itself. */
export function canPin({ compiled }: Platform): boolean {
  return Object.hasOwn(compiled.entities.installs?.fields ?? {}, 'pinned_to')
}

/** `globex (crm at version 1 until 2027-01-31T12:00:00.000Z: an audit)`, a few of them, and how many more. */
export function namePinned({ count, samples }: Pinned): string {
  const named = samples.map(
    ({ tenant, profile, version, until, overdue, reason }) =>
      `${tenant} (${profile} at version ${version} until ${until}${overdue ? ', overdue' : ''}: ${reason})`,
  )
  const more = count - samples.length
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** A line for people; none where nobody is pinned. */
export function describePinned(pinned: Pinned): string[] {
  return pinned.count > 0 ? [`pinned, and staying where they are: ${namePinned(pinned)}`] : []
}

/** As the registry answers it. */
export function pinnedJson({ count, samples }: Pinned): JsonObject {
  return { count, samples: samples.map((pin) => ({ ...pin })) }
}

/**
 * Who is pinned to an older version of the placement's schema, in any store: nothing moves them, and the contract waits for them.
 *
 * @example await pinnedBefore(database, { placementId, version: 2 })
 */
export function pinnedBefore(
  database: Database,
  { placementId, version }: { readonly placementId: string; readonly version: number },
): Promise<Pinned> {
  return migratorTransaction(database, async (connection) =>
    samplePins(connection, await readPlatform(connection), { schemaOf: placementId, below: version }),
  )
}

/**
 * Every pin, those that are overdue first.
 *
 * @throws `NOT_BOOTSTRAPPED` (503).
 * @example await listPins(database, { schema: 'crm' })
 */
export function listPins(database: Database, which: { readonly schema?: string } = {}): Promise<readonly Pin[]> {
  return migratorTransaction(
    database,
    async (connection) => (await readPins(connection, await readPlatform(connection), which)).samples,
  )
}
