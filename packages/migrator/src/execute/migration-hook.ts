/** Conversions in TypeScript, for what an expression cannot say. */
import type { Json } from '@backsaas/core'

/** Fields by name as JSON; numbers that a double does not hold (`bigint`, `decimal`) are text. */
export type HookRow = Readonly<Record<string, Json>>

export interface HookCall {
  /** Aborted when the time for this row is over, or the migrator is asked to stop: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/**
 * What `convert: { hook: NAME }` names. It may be called several times for a row, with the row as it is then, so it has to be a
 * function of the row alone. While both versions serve, a version sees what the other has written once the migrator process has
 * come by.
 */
export interface MigrationHook {
  readonly name: string
  /** From a row of the version before: the fields of the newer one that name the hook. What is left out stays. */
  up(row: HookRow, call: HookCall): HookRow | Promise<HookRow>
  /** The way back: fields of the version before that the newer one has not. */
  down?(row: HookRow, call: HookCall): HookRow | Promise<HookRow>
  /** How long one row may take; where it takes longer, the hook has failed for the row. Default 10,000. */
  readonly timeoutMs?: number
}

/**
 * Gives a hook its type, and freezes it.
 *
 * @example
 * export const splitName = defineMigrationHook({
 *   name: 'split_name',
 *   up: ({ name }) => { const [first, ...rest] = String(name).split(' '); return { first, last: rest.join(' ') } },
 *   down: ({ first, last }) => ({ name: `${first} ${last}` }),
 * })
 */
export function defineMigrationHook(hook: MigrationHook): MigrationHook {
  return Object.freeze({ ...hook })
}
