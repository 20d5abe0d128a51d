/** Whether a field admits more values than it did, or fewer: decides between swapping a CHECK and validating a new one. */
import type { CompiledField } from '@backsaas/core'

export type ConstraintChange = 'same' | 'wider' | 'narrower' | 'mixed'

/** What a CHECK says of two fields of one physical type; formats and patterns are no part of it. */
export function constraintChange(before: CompiledField, after: CompiledField): ConstraintChange {
  return combine([
    lowerBound(before.min, after.min),
    bound(before.max, after.max),
    bound(digits(before), digits(after)),
    bound(before.scale, after.scale),
    bound(isShort(before) ? 1 : undefined, isShort(after) ? 1 : undefined),
    values(before, after),
  ])
}

/** An `integer` lives in a bigint. */
function isShort({ type }: CompiledField): boolean {
  return type === 'integer'
}

/** Digits before the point. */
function digits({ precision, scale }: CompiledField): number | undefined {
  return precision === undefined ? undefined : precision - (scale ?? 0)
}

type Limit = number | string | undefined

/** Wider where the limit grows or goes. */
function bound(before: Limit, after: Limit): ConstraintChange {
  if (before === after) return 'same'
  if (after === undefined) return 'wider'
  if (before === undefined) return 'narrower'
  const [a, b] = [Number(before), Number(after)]
  return a < b ? 'wider' : a > b ? 'narrower' : String(before) === String(after) ? 'same' : 'mixed'
}

/** Wider where the limit sinks or goes. */
function lowerBound(before: Limit, after: Limit): ConstraintChange {
  return before === undefined || after === undefined ? bound(before, after) : bound(after, before)
}

function values({ values: before }: CompiledField, { values: after }: CompiledField): ConstraintChange {
  if (before === undefined && after === undefined) return 'same'
  if (after === undefined) return 'wider'
  if (before === undefined) return 'narrower'
  const added = after.some((value) => !before.includes(value))
  const gone = before.some((value) => !after.includes(value))
  return added && gone ? 'mixed' : added ? 'wider' : gone ? 'narrower' : 'same'
}

function combine(parts: readonly ConstraintChange[]): ConstraintChange {
  const kinds = new Set(parts.filter((part) => part !== 'same'))
  if (kinds.size === 0) return 'same'
  return kinds.size === 1 ? ([...kinds][0] as ConstraintChange) : 'mixed'
}
