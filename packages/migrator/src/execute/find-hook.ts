/** The hooks that a plan names, among those that this process was given. */
import { BackSaasError } from '@backsaas/core'
import type { MigrationPlan, Step } from '../plan/steps.ts'
import type { MigrationHook } from './migration-hook.ts'

/** @throws `MIGRATION_HOOK_UNKNOWN` (409) where this process does not have it. */
export function findHook(hooks: readonly MigrationHook[] | undefined, name: string): MigrationHook {
  const found = hooks?.find((hook) => hook.name === name)
  if (found) return found
  throw unknownHook(name, 'nothing was done')
}

/** @param meanwhile what comes of it. */
export function unknownHook(name: string, meanwhile: string): BackSaasError {
  return new BackSaasError('MIGRATION_HOOK_UNKNOWN', 409, `nobody here knows the hook "${name}"`, {
    hint: `${meanwhile}: give the module that exports it, \`--migration-hooks FILE\`; in code, \`hooks\``,
    details: { hook: name },
  })
}

/**
 * Asked before anything is done, and not where a step has come to it.
 *
 * @param from the index of the step that is next.
 * @throws `MIGRATION_HOOK_UNKNOWN` (409).
 */
export function refuseUnknownHooks(
  { steps }: Pick<MigrationPlan, 'steps'>,
  hooks: readonly MigrationHook[] | undefined,
  { from = 0, until = 'live' }: { readonly from?: number; readonly until?: 'live' | 'done' } = {},
): void {
  const isAhead = ({ phase }: Step): boolean => until === 'done' || phase === 'expand' || phase === 'backfill'
  for (const step of steps.slice(from)) if (step.kind === 'hook' && isAhead(step)) findHook(hooks, step.hook)
}
