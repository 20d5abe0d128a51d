/** What the hooks of a table make of a row, each within its time. */
import { BackSaasError, literalText } from '@backsaas/core'
import type { HookColumn, HookStep } from '../plan/steps.ts'
import type { HookRow, MigrationHook } from './migration-hook.ts'

const TIMEOUT_MS = 10_000

/** What is to be set; what the hooks left out stays. */
export type Values = readonly {
  readonly at: HookColumn
  /** As the hook answered it. */
  readonly value: HookRow[string]
  readonly text: string | null
}[]

export interface KnownHook {
  readonly step: HookStep
  readonly hook: MigrationHook
}

export class HookTimeout extends Error {}

/**
 * @param stopping ends the waiting for an answer.
 * @throws `HookTimeout`; `MIGRATION_STOPPED` (503); whatever a hook throws.
 */
export async function valuesOf(
  hooks: readonly KnownHook[],
  side: 'up' | 'down',
  row: HookRow,
  stopping: AbortSignal | undefined,
): Promise<Values> {
  const values = new Map<string, Values[number]>()
  for (const { step, hook } of hooks) {
    for (const [name, value] of Object.entries(await answerOf(hook, side, row, stopping))) {
      const at = step.sets[side].find(({ field }) => field.name === name)
      if (!at) throw new Error(`it sets ${name}, which is not its to set`)
      values.set(at.column, { at, value, text: literalText(at.field, value) })
    }
  }
  return [...values.values()]
}

async function answerOf(
  hook: MigrationHook,
  side: 'up' | 'down',
  row: HookRow,
  stopping: AbortSignal | undefined,
): Promise<HookRow> {
  const { timeoutMs = TIMEOUT_MS } = hook
  const over = new AbortController()
  let end = (_error: Error): void => {}
  const ended = new Promise<never>((_, reject) => {
    end = reject
  })
  const timer = setTimeout(() => end(new HookTimeout(`${hook.name} did not answer within ${timeoutMs} ms`)), timeoutMs)
  const stop = (): void => end(new BackSaasError('MIGRATION_STOPPED', 503, 'the migrator was asked to stop'))
  stopping?.addEventListener('abort', stop)
  try {
    if (stopping?.aborted) stop()
    const answer = side === 'up' ? hook.up(row, { signal: over.signal }) : hook.down?.(row, { signal: over.signal })
    return (await Promise.race([answer, ended])) ?? {}
  } finally {
    clearTimeout(timer)
    stopping?.removeEventListener('abort', stop)
    over.abort()
  }
}
