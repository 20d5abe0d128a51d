/** How two versions serve: read from what runtimes have counted, compared, and judged by the gates of a roll-out. Pure, but for the reading. */
import type { Connection, Json, Usage } from '@backsaas/core'
import { addUsage, NO_USAGE, quantile, readUsage, usageJson, usageSince } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { type Platform, tableNames } from '../registry/platform.ts'
import type { Gates } from './rollout-plan.ts'
import type { RolloutProblem } from './rollout-row.ts'

/** By the runtime's id: what it has counted of the version before, and of the new one. */
export type Counted = ReadonlyMap<string, { readonly from: Usage; readonly to: Usage }>

/** In place of a runtime's id: what was kept of earlier. */
export const KEPT = 'kept'

/** Both versions since a wave began. */
export interface Health {
  readonly from: Usage
  readonly to: Usage
}

interface Versions {
  readonly schemaId: string
  readonly fromVersion: number
  readonly toVersion: number
}

/**
 * What the runtimes have counted up to their last reports. Those of processes that have died meanwhile count, as long as their rows
 * are kept: they may have died of it.
 */
export async function readCounted(connection: Connection, platform: Platform, of: Versions): Promise<Counted> {
  const { table, column } = tableNames(platform, 'runtimes')
  const rows = await query(
    connection,
    `select r.${column('id')}::text, v ->> 'version', v -> 'usage'
     from ${table} r, jsonb_array_elements(case jsonb_typeof(r.${column('serving')} -> 'versions')
       when 'array' then r.${column('serving')} -> 'versions' else '[]' end) v
     where v ->> 'placement_id' in (select p.id::text from backsaas.placements p where p.schema_id = $1)
       and v ->> 'version' in ($2, $3)`,
    [of.schemaId, String(of.fromVersion), String(of.toVersion)],
  )
  const counted = new Map<string, { from: Usage; to: Usage }>()
  // A runtime serves a version in several stores: it counts for each.
  for (const [id, version, usage] of rows) {
    const one = counted.get(String(id)) ?? { from: NO_USAGE, to: NO_USAGE }
    const side = Number(version) === of.toVersion ? 'to' : 'from'
    counted.set(String(id), { ...one, [side]: addUsage(one[side], readUsage(JSON.parse(usage ?? 'null') as Json)) })
  }
  return counted
}

/** What was counted between two readings; of a runtime that was not there before, all of it. */
export function healthSince(now: Counted, before: Counted): Health {
  let health: Health = { from: NO_USAGE, to: NO_USAGE }
  for (const [id, { from, to }] of now) {
    const past = before.get(id)
    health = {
      from: addUsage(health.from, past ? usageSince(from, past.from) : from),
      to: addUsage(health.to, past ? usageSince(to, past.to) : to),
    }
  }
  return health
}

/**
 * What was counted since a wave began.
 *
 * @param begun `rollouts.counted`: what had been counted then. Null where it is only beginning: then it has nothing to show, whatever
 *   there was before.
 */
export function waveHealth(now: Counted, begun: Json): Health {
  return begun === null ? { from: NO_USAGE, to: NO_USAGE } : healthSince(now, readCountedJson(begun))
}

/**
 * What forbids to go on; null where nothing does, or where there is too little to say so.
 *
 * @param control how the version before serves: meanwhile, or when last there was enough of it.
 */
export function judge(to: Usage, control: Usage, gates: Gates): RolloutProblem | null {
  if (to.answered < Math.max(gates.minRequests, 1)) return null
  const failed = share(to.failed, to.answered)
  const failedBefore = share(control.failed, control.answered)
  // One that failed may have been the network's; of a few it would be a large share.
  if (to.failed >= FEW && failed > failedBefore + gates.errorRate)
    return problem('ERROR_RATE', `${percent(failed)} of ${to.answered} answers failed, ${percent(failedBefore)} before`)
  const refused = share(to.refused, to.answered)
  const refusedBefore = share(control.refused, control.answered)
  if (to.refused >= FEW && refused > refusedBefore + gates.refusalRate)
    return problem(
      'REFUSAL_RATE',
      `${percent(refused)} of ${to.answered} answers refused what was asked, ${percent(refusedBefore)} before`,
    )
  // Of fewer it would be the slowest one.
  if (to.answered < P95_OF) return null
  const p95 = quantile(to, 0.95)
  const before = control.answered >= Math.max(gates.minRequests, 1) ? quantile(control, 0.95) : null
  if (p95 !== null && gates.p95Ms !== null && p95 > gates.p95Ms)
    return problem('P95', `the p95 is ${milliseconds(p95)}, and may be ${gates.p95Ms} ms`)
  if (p95 !== null && before !== null && p95 > before * gates.p95Ratio + SLACK_MS)
    return problem('P95', `the p95 is ${milliseconds(p95)}, and was ${milliseconds(before)} before`)
  return null
}

/** So many can be chance. */
const FEW = 3
const P95_OF = 20
/** Of a p95 of a millisecond, twice as long is nothing. */
const SLACK_MS = 5

function problem(code: string, message: string): RolloutProblem {
  return { code, message, hint: 'whoever has moved goes back; correct the version and publish it anew' }
}

/** 0 of nothing. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** @example percent(0.0123) // '1.2 %' */
export function percent(part: number): string {
  return `${Math.round(part * 1000) / 10} %`
}

/** @example milliseconds(1.234) // '1.2 ms' */
export function milliseconds(ms: number): string {
  return `${Math.round(ms * 10) / 10} ms`
}

/** For `rollouts.health`. */
export function healthJson({ from, to }: Health): Json {
  return { from: summary(from), to: summary(to) }
}

function summary(usage: Usage): Json {
  const { answered, failed, refused } = usage
  const [p50, p95] = [0.5, 0.95].map((part) => quantile(usage, part)).map((ms) => ms && Math.round(ms * 100) / 100)
  return { answered, failed, refused, p50_ms: p50 ?? null, p95_ms: p95 ?? null }
}

/** For `rollouts.counted`, and back. */
export function countedJson(counted: Counted): Json {
  const entries = [...counted].map(([id, { from, to }]) => [id, { from: usageJson(from), to: usageJson(to) }] as const)
  return Object.fromEntries(entries)
}

export function readCountedJson(json: Json): Counted {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return new Map()
  const entries = Object.entries(json as Readonly<Record<string, Json>>) // an object, seen above
  return new Map(
    entries.map(([id, one]) => [id, { from: readUsage(member(one, 'from')), to: readUsage(member(one, 'to')) }]),
  )
}

function member(json: Json, name: string): Json | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Readonly<Record<string, Json>>)[name] // an object, seen here
    : undefined
}
