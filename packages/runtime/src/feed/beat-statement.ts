/** What a beat asks of the database: the changes since the last one, and, in the same statement, to be noted as alive. */
import { type Change, invariant, PLATFORM_PLACEMENT_ID, type Statement, SYSTEM_TENANT_ID } from '@backsaas/core'
import type { SQL } from 'drizzle-orm'
import { type BoundEntity, type BoundSchema, TENANT } from '../binding/bound-schema.ts'
import { ENTER_STATEMENT } from '../planner/plan-change.ts'
import { render } from '../planner/render.ts'

/** Who beats. */
export interface Member {
  /** Made anew by each process. */
  readonly id: string
  readonly name: string
  /** Of BackSaaS. */
  readonly version: string
  /** RFC 3339. */
  readonly startedAt: string
}

/** What a beat was answered. */
export interface Reading {
  /** Read from here the next time. */
  readonly horizon: string
  /** Another one: another server, or the same one started anew, of which it is not known what it has forgotten. */
  readonly server: string
  readonly changes: readonly (Change & { readonly xid: string })[]
  /** Whether there were more than are read at once. */
  readonly overflowed: boolean
}

/** So many changes of one reading are worth being told one by one. */
const MAX_CHANGES = 10_000

/** The changes from `$1` on; none where it is null: the first time, there is nothing before. */
const READING = `select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text,
  pg_catalog.pg_postmaster_start_time()::text,
  (select coalesce(json_agg(json_build_array(c.xid::text, c.entity, c.subject)), '[]')::text
   from (select distinct xid, entity, subject from backsaas.changes where xid >= $1::text::xid8 limit ${MAX_CHANGES + 1}) c)`

/** Only reads: for when something is said to have changed between two beats. */
export function readStatement(horizon: string | null): Statement {
  return { text: READING, params: [horizon] }
}

/**
 * Reads, and writes the runtime's row; only reads where the platform is one that has no such rows yet.
 *
 * @param serving JSON; null leaves what is there.
 */
export function beatStatement(
  platform: BoundSchema,
  member: Member,
  horizon: string | null,
  serving: string | null,
): Statement {
  const runtimes = platform.entities.runtimes
  if (!runtimes) return readStatement(horizon)
  const { id, name, version, startedAt } = member
  return {
    text: `with w as (${upsert(runtimes)}) ${READING}`,
    params: [
      horizon,
      SYSTEM_TENANT_ID,
      PLATFORM_PLACEMENT_ID,
      String(platform.version),
      id,
      name,
      version,
      startedAt,
      serving,
    ],
  }
}

/** Takes the row away: what ends well is not waited for. */
export function farewellStatements(platform: BoundSchema, { id }: Member): readonly Statement[] {
  const runtimes = platform.entities.runtimes
  if (!runtimes) return []
  const enter = [SYSTEM_TENANT_ID, PLATFORM_PLACEMENT_ID, String(platform.version)]
  return [
    { text: ENTER_STATEMENT.text, params: enter },
    {
      text: `delete from ${textOf(runtimes.table)} where ${textOf(TENANT)} = $1 and ${column(runtimes, 'id')} = $2`,
      params: [SYSTEM_TENANT_ID, id],
    },
  ]
}

/** The shape of a create: rows come from `enter` alone, so that nothing is touched before it has run. */
function upsert(runtimes: BoundEntity): string {
  const names = ['id', 'name', 'version', 'started_at', 'seen_at', 'serving'].map((field) => column(runtimes, field))
  const [id, , , , seenAt, serving] = names
  return `insert into ${textOf(runtimes.table)} as t (${textOf(TENANT)}, ${names.join(', ')})
    select x.tenant, $5::uuid, $6::text, $7::text, $8::timestamptz, clock_timestamp(), coalesce($9::jsonb, '{}')
    from backsaas.enter($2::uuid, $3::uuid, $4::int) as x(tenant)
    on conflict (${textOf(TENANT)}, ${id}) do update set ${seenAt} = excluded.${seenAt},
      ${serving} = case when $9 is null then t.${serving} else excluded.${serving} end`
}

function column(entity: BoundEntity, field: string): string {
  const name = entity.columns[field]
  invariant(name, `runtimes have the field ${field}`)
  return textOf(name)
}

function textOf(name: SQL): string {
  return render(name).text
}

/** Reads the one row that either statement answers. */
export function readReading(row: readonly (string | null)[] | undefined): Reading {
  const [horizon, server, json] = row ?? []
  invariant(horizon && server && json, 'a beat answers one row')
  const changes = JSON.parse(json) as readonly (readonly [string, string, string | null])[] // as the statement makes them
  return {
    horizon,
    server,
    changes: changes.map(([xid, entity, subject]) => ({ xid, entity, subject })),
    overflowed: changes.length > MAX_CHANGES,
  }
}
