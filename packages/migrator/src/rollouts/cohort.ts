/** Who belongs to the waves of a roll-out: in SQL for a percentage, in CEL over the tenant's row for a cohort. */
import type { Connection, Expression, Json } from '@backsaas/core'
import { arrayText, SYSTEM_TENANT_ID } from '@backsaas/core'
import { compileExpression, ExpressionProblem } from '@backsaas/core/cel'
import { ExpressionError, toJs } from '@backsaas/core/expression'
import { ddl, query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import type { Wave } from './rollout-plan.ts'
import { RolloutFault } from './rollout-plan.ts'
import type { Rollout } from './rollout-row.ts'

export interface Member {
  readonly installId: string
  readonly tenantId: string
  readonly version: number
  /** As `install.updated` names it. */
  readonly profile: string
}

/**
 * From 0 to 9,999, the same for a tenant and a schema for ever, on any server: the first four bytes of the SHA-256 of both ids.
 *
 * @param tenant SQL of a uuid.
 */
function placeOf(schema: string, tenant: string): string {
  const hash = `sha256(convert_to(${schema} || ${tenant}::text, 'UTF8'))`
  const bytes = [0, 1, 2, 3].map((i) => `get_byte(${hash}, ${i})::bigint * ${256 ** (3 - i)}`)
  return `((${bytes.join(' + ')}) % 10000)`
}

/** Some of those that are to move: in one of the waves up to the present one, on an older version, and not pinned. */
export interface Members {
  /** Locked until the end of the transaction. */
  readonly members: readonly Member[]
  /** The last tenant that was looked at; null where nobody is left after `after`. */
  readonly last: string | null
}

/**
 * Of what can be said in SQL, those that nobody else has a lock on. Of cohorts, all of the next tenants that might move: each is asked about
 * once in a wave, be it in the cohort or not.
 *
 * @param after a tenant: only those that come later in the order of ids, so that a wave reads each install once.
 */
export async function nextMembers(
  connection: Connection,
  platform: Platform,
  rollout: Rollout,
  after: string | null,
  limit: number,
): Promise<Members> {
  const cohorts = cohortsOf(rollout)
  if (cohorts.length === 0) {
    const members = await selectMembers(
      connection,
      platform,
      rollout,
      { after },
      `limit ${limit} for update of i skip locked`,
    )
    return { members, last: members.at(-1)?.tenantId ?? null }
  }
  const { named, last } = await askTenants(connection, platform, rollout, { cohorts, after, limit })
  if (last === null) return { members: [], last }
  // Nobody comes back to them in this wave: who has one of them now is waited for, and told of where that lasts.
  await connection.batch([ddl(`set local lock_timeout = '2s'`)])
  return {
    members: await selectMembers(connection, platform, rollout, { after, last, named }, 'for update of i'),
    last,
  }
}

/** Those that came too late to be found in the order of ids, as far as SQL can tell. */
export function lateMembers(
  connection: Connection,
  platform: Platform,
  rollout: Rollout,
  limit: number,
): Promise<readonly Member[]> {
  return selectMembers(connection, platform, rollout, { after: null }, `limit ${limit} for update of i skip locked`)
}

interface Range {
  readonly after: string | null
  readonly last?: string
  /** Tenants that a cohort has. */
  readonly named?: readonly string[]
}

async function selectMembers(
  connection: Connection,
  platform: Platform,
  { schemaId, toVersion, waves: planned, wave }: Rollout,
  { after, last, named = [] }: Range,
  tail: string,
): Promise<readonly Member[]> {
  const waves = planned.slice(0, wave + 1)
  const i = tableNames(platform, 'installs')
  const place = placeOf('$3::text', `i.${i.tenant}`)
  const rows = await query(
    connection,
    `select i.${i.column('id')}::text, i.${i.tenant}::text, i.${i.column('version')}::text, i.${i.column('profile')}
     from ${i.table} i
     where ${movable(i)} and ($6::uuid is null or i.${i.tenant} > $6::uuid) and ($8::uuid is null or i.${i.tenant} <= $8::uuid)
       and (${place} < $4::float8 * 100 or i.${i.tenant}::text = any ($5::text[])
         or i.${i.column('placement_id')} in (${placementsOf(platform, '$7')}))
     order by i.${i.tenant} ${tail}`,
    [
      ...[schemaId, String(toVersion), schemaId, String(percentOf(waves)), arrayText(named), after],
      ...[arrayText(waves.flatMap(({ store }) => store ?? [])), last ?? null],
    ],
  )
  return rows.map(([installId, tenantId, version, profile]) => ({
    installId: String(installId),
    tenantId: String(tenantId),
    version: Number(version),
    profile: String(profile),
  }))
}

function percentOf(waves: readonly Wave[]): number {
  return Math.max(0, ...waves.map(({ percent }) => percent ?? 0))
}

/** None where everybody is in the wave. */
function cohortsOf({ waves: planned, wave }: Rollout): readonly string[] {
  const waves = planned.slice(0, wave + 1)
  return percentOf(waves) >= 100 ? [] : waves.flatMap(({ where }) => where ?? [])
}

/** Of the schema $1, in a store where version $2 serves: in others it is not to be had yet. */
function movable(i: ReturnType<typeof tableNames>): string {
  return `i.${i.column('schema_id')} = $1 and i.${i.column('version')} < $2 and i.${i.column('pinned_to')} is null
    and i.${i.column('placement_id')} in (
      select v.placement_id from backsaas.placements p join backsaas.versions v on v.placement_id = p.id
      where p.schema_id = $1 and v.version = $2 and v.state = 'live')`
}

/** How many of the schema have yet to move, be they in a wave or not, and locked or not. */
export async function countMovable(
  connection: Connection,
  platform: Platform,
  { schemaId, toVersion }: Rollout,
): Promise<number> {
  const i = tableNames(platform, 'installs')
  const [row] = await query(connection, `select count(*)::text from ${i.table} i where ${movable(i)}`, [
    schemaId,
    String(toVersion),
  ])
  return Number(row?.[0])
}

/** Those in stores of these names. */
function placementsOf(platform: Platform, names: string): string {
  const s = tableNames(platform, 'stores')
  return `select p.id from backsaas.placements p join ${s.table} s on s.${s.column('id')} = p.store_id where s.${s.column('name')} = any (${names}::text[])`
}

interface Asking {
  readonly cohorts: readonly string[]
  readonly after: string | null
  readonly limit: number
}

/** Of the next tenants that have not moved, those that a cohort has; and which was the last of them. */
async function askTenants(
  connection: Connection,
  platform: Platform,
  { schemaId, toVersion }: Rollout,
  { cohorts, after, limit }: Asking,
): Promise<{ readonly named: readonly string[]; readonly last: string | null }> {
  const [t, i] = [tableNames(platform, 'tenants'), tableNames(platform, 'installs')]
  const fields = Object.keys(platform.compiled.entities.tenants?.fields ?? {})
  const pairs = fields.map((field) => `'${field}', t.${t.column(field)}`).join(', ')
  const rows = await query(
    connection,
    `select t.${t.column('id')}::text, json_build_object(${pairs})::text from ${t.table} t
     where t.${t.tenant} = $3 and ($4::uuid is null or t.${t.column('id')} > $4::uuid)
       and exists (select from ${i.table} i where i.${i.tenant} = t.${t.column('id')} and ${movable(i)})
     order by t.${t.column('id')} limit ${limit}`,
    [schemaId, String(toVersion), SYSTEM_TENANT_ID, after],
  )
  const asked = cohorts.map((where) => toJs(compileCohort(where, platform)))
  const named = rows.flatMap(([id, json]) => {
    const row = JSON.parse(String(json)) as Readonly<Record<string, Json>> // as the statement makes it
    return asked.some((holds) => isTrue(holds, row)) ? [String(id)] : []
  })
  return { named, last: rows.at(-1)?.[0] ?? null }
}

/** A tenant of which it cannot be said is not in it. */
function isTrue(holds: ReturnType<typeof toJs>, row: Readonly<Record<string, Json>>): boolean {
  try {
    return holds({ row }) === true
  } catch (error) {
    if (error instanceof ExpressionError) return false
    throw error
  }
}

/** @throws RolloutFault where it is no expression over a tenant. */
export function compileCohort(where: string, { compiled }: Platform): Expression {
  try {
    const context = { entities: compiled.entities, entity: 'tenants', use: 'cohort', expects: 'bool' } as const
    return compileExpression(where, context).tree
  } catch (error) {
    if (error instanceof ExpressionProblem)
      throw new RolloutFault(`has a wave whose \`where\` is wrong: ${error.message}`)
    throw error
  }
}
