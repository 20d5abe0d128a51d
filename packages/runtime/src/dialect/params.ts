/** Collects the values of a request, so that the tree can name them by index. */
import type { Param } from '@backsaas/core'

export interface Params {
  add(value: string | null): Param
  readonly values: readonly (string | null)[]
}

export function collectParams(): Params {
  const values: (string | null)[] = []
  return { add: (value) => values.push(value) - 1, values }
}
