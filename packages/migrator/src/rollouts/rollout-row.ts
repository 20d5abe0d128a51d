/** A roll-out as it stands in the platform's `rollouts`: read under its lock, changed field by field. */
import type { Connection, Json, JsonObject, Statement } from '@backsaas/core'
import { BackSaasError, invariant } from '@backsaas/core'
import { query, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, type TableNames, tableNames } from '../registry/platform.ts'
import type { Gates, Wave } from './rollout-plan.ts'

export type RolloutState = 'running' | 'paused' | 'returning' | 'halted' | 'aborted' | 'done'

/** Why it halted, or what it waits for. */
export interface RolloutProblem {
  readonly code: string
  readonly message: string
  readonly hint?: string
}

export interface Rollout {
  readonly id: string
  /** The tenant that owns the schema. */
  readonly ownerId: string
  readonly schemaId: string
  readonly schema: string
  readonly placementId: string
  readonly fromVersion: number
  readonly toVersion: number
  readonly waves: readonly Wave[]
  readonly gates: Gates
  readonly state: RolloutState
  readonly wave: number
  /** The last tenant that the wave has looked at, in the order of ids. */
  readonly reached: string | null
  /** How long ago the last install of the wave moved; null while they do. */
  readonly bakingForMs: number | null
  readonly problem: RolloutProblem | null
  /** See `Counted`. */
  readonly counted: Json
  readonly control: Json
}

/** What may change; the rest stays. */
export interface RolloutChange {
  readonly state?: RolloutState
  readonly wave?: number
  readonly waves?: readonly Wave[]
  readonly reached?: string | null
  /** `now`, or null. */
  readonly bakingSince?: 'now' | null
  readonly moved?: number
  readonly total?: number
  readonly pinned?: number
  readonly stores?: Json
  readonly health?: Json
  readonly problem?: RolloutProblem | null
  readonly counted?: Json
  readonly control?: Json
  readonly ledBy?: string
  readonly isOver?: boolean
}

/** The roll-outs that there is something to do for. */
export async function readActive(connection: Connection, platform: Platform): Promise<readonly string[]> {
  if (!hasRollouts(platform)) return []
  const { table, column } = tableNames(platform, 'rollouts')
  const [, active] = await connection.batch([
    ROW_SECURITY,
    {
      text: `select ${column('id')}::text from ${table} where ${column('state')} in ('running', 'returning') order by 1`,
      params: [],
    },
  ])
  return (active?.rows ?? []).map(([id]) => String(id))
}

/** Of a database that an older release set up and none has upgraded yet. */
export function hasRollouts(platform: Platform): boolean {
  return Object.hasOwn(platform.compiled.entities, 'rollouts')
}

/** Locks it until the end of the transaction. @returns null where another process has it, or it is gone. */
export async function lockRollout(connection: Connection, platform: Platform, id: string): Promise<Rollout | null> {
  const names = tableNames(platform, 'rollouts')
  const [row] = await query(
    connection,
    `select ${columns(names)} from ${names.table} where ${names.column('id')} = $1 for update skip locked`,
    [id],
  )
  return row ? toRollout(row) : null
}

/** What is not over of the schema that stands in a placement. */
export async function openRollout(
  connection: Connection,
  platform: Platform,
  placementId: string,
): Promise<Rollout | null> {
  if (!hasRollouts(platform)) return null
  const names = tableNames(platform, 'rollouts')
  const [row] = await query(
    connection,
    `select ${columns(names)} from ${names.table}
     where ${names.column('schema_id')} = (select schema_id from backsaas.placements where id = $1)
       and ${names.column('state')} in ('running', 'paused', 'returning')`,
    [placementId],
  )
  return row ? toRollout(row) : null
}

/** @throws `ROLLOUT_OPEN` (409) where a roll-out of the placement's schema is not over. */
export async function refuseOpenRollout(
  connection: Connection,
  platform: Platform,
  placementId: string,
): Promise<void> {
  const open = await openRollout(connection, platform, placementId)
  if (!open) return
  const { id, schema, toVersion, state } = open
  throw new BackSaasError('ROLLOUT_OPEN', 409, `version ${toVersion} of ${schema} is being rolled out (${state})`, {
    hint: `wait for its end, or \`backsaas rollout abort ${schema}\``,
    details: { rollout_id: id, state, to_version: toVersion },
  })
}

/** The newest of a tenant, by id or by its schema's name; locked, so that it is between two steps. */
export async function findRollout(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  which: { readonly rollout?: string; readonly schema?: string },
): Promise<Rollout | null> {
  const names = tableNames(platform, 'rollouts')
  const { column } = names
  const [row] = await query(
    connection,
    `select ${columns(names)} from ${names.table}
     where ${names.tenant} = $1 and (${column('id')} = $2::uuid or ${column('schema_name')} = $3)
     order by ${column('created_at')} desc, ${column('id')} desc limit 1 for update`,
    [tenantId, which.rollout ?? null, which.schema?.split('/').at(-1) ?? null],
  )
  return row ? toRollout(row) : null
}

const FIELDS = [
  ...['id', 'schema_id', 'schema_name', 'placement_id', 'from_version', 'to_version', 'waves', 'gates'],
  ...['state', 'wave', 'reached', 'problem', 'counted', 'control'],
] as const

function columns({ tenant, column }: TableNames): string {
  const baking = `extract(epoch from clock_timestamp() - ${column('baking_since')}) * 1000`
  return [`${tenant}::text`, `(${baking})::text`, ...FIELDS.map((field) => `${column(field)}::text`)].join(', ')
}

function toRollout(row: readonly (string | null)[]): Rollout {
  const [ownerId, baking, id, schemaId, schema, placementId, from, to, waves, gates, state, wave, reached, ...json] =
    row
  invariant(waves && gates, 'a roll-out has waves and gates')
  const [problem, counted, control] = json
  return {
    id: String(id),
    ownerId: String(ownerId),
    schemaId: String(schemaId),
    schema: String(schema),
    placementId: String(placementId),
    fromVersion: Number(from),
    toVersion: Number(to),
    // Written by us, as is what follows.
    waves: JSON.parse(waves) as readonly Wave[],
    gates: JSON.parse(gates) as Gates,
    state: state as RolloutState,
    wave: Number(wave),
    reached: reached ?? null,
    bakingForMs: baking === null || baking === undefined ? null : Number(baking),
    problem: problem ? (JSON.parse(problem) as RolloutProblem) : null,
    counted: JSON.parse(counted ?? 'null') as Json,
    control: JSON.parse(control ?? 'null') as Json,
  }
}

/** To be committed with what it tells of. */
export function changeRollout(platform: Platform, { id, ownerId }: Rollout, change: RolloutChange): Statement {
  const { table, tenant, column } = tableNames(platform, 'rollouts')
  const json = (value: Json | RolloutProblem | undefined): string | null | undefined =>
    value === undefined || value === null ? value : JSON.stringify(value)
  const values: Readonly<Record<string, string | null | undefined>> = {
    state: change.state,
    wave: change.wave?.toString(),
    waves: change.waves && JSON.stringify(change.waves),
    reached: change.reached,
    moved: change.moved?.toString(),
    total: change.total?.toString(),
    pinned: change.pinned?.toString(),
    stores: json(change.stores),
    health: json(change.health),
    problem: json(change.problem),
    counted: json(change.counted),
    control: json(change.control),
    led_by: change.ledBy,
  }
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  const sets = given.map(([field], i) => `${column(field)} = $${i + 3}`)
  if (change.bakingSince !== undefined)
    sets.push(`${column('baking_since')} = ${change.bakingSince === null ? 'null' : 'clock_timestamp()'}`)
  if (change.isOver !== undefined)
    sets.push(`${column('finished_at')} = ${change.isOver ? 'clock_timestamp()' : 'null'}`)
  return {
    text: `update ${table} set ${[...sets, `${column('updated_at')} = clock_timestamp()`].join(', ')}
           where ${tenant} = $1 and ${column('id')} = $2`,
    params: [ownerId, id, ...given.map(([, value]) => value ?? null)],
    prepare: false,
  }
}

/** As functions answer it. */
export function rolloutJson({ id, schema, fromVersion, toVersion, state, wave, waves }: Rollout): JsonObject {
  return {
    ...{ rollout_id: id, schema, from_version: fromVersion, to_version: toVersion },
    ...{ state, wave: wave + 1, waves: waves.length },
  }
}

/** Told that a roll-out has begun or was steered. */
export const ROLLOUTS_CHANNEL = 'backsaas_rollouts'

export function tellLeaders(): Statement {
  return { text: `select pg_notify('${ROLLOUTS_CHANNEL}', '')`, params: [], prepare: false }
}
