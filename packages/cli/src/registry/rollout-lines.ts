/** A roll-out for people, in a few lines. */
import type { Json, JsonObject } from '@backsaas/core'
import { asObject } from './as-object.ts'

export function rolloutLines(row: JsonObject): string[] {
  const { schema_name: schema, from_version: from, to_version: to, state, wave, waves, moved, total, pinned } = row
  const of = Array.isArray(waves) ? waves.length : 0
  const baking = state === 'running' ? (row.baking_since === null ? ', moving' : ', baking') : ''
  const held = Number(pinned) > 0 ? `, ${pinned} pinned` : ''
  return [
    `${schema} version ${from} to ${to}: ${state}${baking}, wave ${Number(wave) + 1} of ${of}, ${moved} of ${total} installs moved${held}`,
    ...forced(waves, wave),
    ...byStore(row.stores),
    ...served(row.health, from, to),
    ...problem(row.problem),
  ]
}

/** Whether nothing more will happen by itself. */
export function isOver({ state }: JsonObject): boolean {
  return ['done', 'halted', 'aborted'].includes(String(state))
}

/** Why no gate halts the wave that it is in. */
function forced(waves: Json | undefined, wave: Json | undefined): string[] {
  const { forced: reason } = asObject(Array.isArray(waves) ? waves[Number(wave)] : undefined)
  return reason === undefined ? [] : [`  forced: ${reason}`]
}

/** Where all are in one store, it is said already. */
function byStore(stores: Json | undefined): string[] {
  const all = Array.isArray(stores) ? stores.map(asObject) : []
  if (all.length < 2) return []
  const said = all.map(({ store, moved, total, pinned }) => {
    const held = Number(pinned) > 0 ? ` (${pinned} pinned)` : ''
    return `${store} ${moved} of ${total}${held}`
  })
  return [`  stores: ${said.join(', ')}`]
}

function served(health: Json | undefined, from: Json | undefined, to: Json | undefined): string[] {
  const line = (version: Json | undefined, of: JsonObject): string => {
    const p95 = of.p95_ms === null ? 'no answers' : `p95 ${of.p95_ms} ms`
    return `  version ${version}: ${of.answered} answers, ${of.failed} failed, ${of.refused} refused, ${p95}`
  }
  const { from: before, to: now } = asObject(health)
  return [...(before ? [line(from, asObject(before))] : []), ...(now ? [line(to, asObject(now))] : [])]
}

function problem(given: Json | undefined): string[] {
  const { code, message, hint } = asObject(given)
  return code ? [`  ${code}: ${message}`, ...(hint ? [`  ${hint}`] : [])] : []
}
