/** What holds of a function for a tenant: the schema's `functions:` with the tenant's row of `function_settings` over it. */
import type { FunctionDefinition } from '../contracts/function.ts'
import type { Json, JsonObject } from '../contracts/json.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { mergeSettings } from './merge-settings.ts'

/** A query for the tenant's rows of these functions. */
export function settingsQuery(names: Iterable<string>): string {
  const list = [...new Set(names)].sort().map((name) => `"${name}"`)
  return `function=in.(${list.join()})&select=function,settings,timeout_ms,attempts,enabled`
}

export interface EffectiveSettings {
  readonly settings: Json
  /** Null where the tenant says nothing of it. */
  readonly timeoutMs: number | null
  readonly attempts: number | null
}

/** Whether rows of `function_settings` can matter: what neither asks outside nor has settings is not slowed down by them. */
export function isConfigurable({ needs, settings }: FunctionDefinition): boolean {
  return needs !== 'pure' || settings !== undefined
}

/**
 * @param base what the schema says.
 * @param rows the tenant's, by `settingsQuery`.
 * @throws `FUNCTION_OFF`, `FUNCTION_SETTINGS` (422).
 */
export function effectiveSettings(
  definition: FunctionDefinition,
  base: Json,
  rows: readonly JsonObject[],
): EffectiveSettings {
  const row = rows.find((one) => one.function === definition.name)
  if (!row) return { settings: base, timeoutMs: null, attempts: null }
  if (row.enabled === false)
    throw new BackSaasError('FUNCTION_OFF', 422, `the tenant has turned the function ${definition.name} off`, {
      hint: 'Its row of function_settings says so.',
    })
  const over = row.settings ?? {}
  const settings = Object.keys(over).length === 0 ? base : checked(definition, mergeSettings(base, over))
  return { settings, timeoutMs: numberOf(row.timeout_ms), attempts: numberOf(row.attempts) }
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null
}

function checked({ name, settings: shape }: FunctionDefinition, merged: Json): Json {
  const result = shape?.['~standard'].validate(merged)
  if (!result) throw invalid(name, 'there is nothing to set')
  if (result instanceof Promise) throw invalid(name, 'its shape cannot be checked at once')
  const [issue] = result.issues ?? []
  if (!issue && 'value' in result) return result.value as Json // the output of a function's shape is JSON
  const path = (issue?.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  throw invalid(name, `${path === '' ? '' : `${path}: `}${issue?.message ?? ''}`)
}

function invalid(name: string, why: string): BackSaasError {
  return new BackSaasError(
    'FUNCTION_SETTINGS',
    422,
    `what the tenant has set of ${name} is not as it must be: ${why}`,
    {
      hint: 'See the page of the function in docs/functions, and the row of function_settings.',
    },
  )
}
