/** A statement as it is rendered once per shape; each request fills it with its values. */

import type { VariableName } from '@backsaas/core'

/** Text with `$n`; `params[n - 1]` says where each value comes from. */
export interface RenderedStatement {
  readonly text: string
  readonly params: readonly ParamSource[]
}

/** An index into the operation's params, or a value of the request by name. */
export type ParamSource =
  | number
  | ('tenant' | 'placement' | 'version' | 'input' | 'seen' | 'principal')
  | `ids:${string}`
  /** Of who asks; with `:uuid` null where it is none. */
  | `user:${VariableName}${'' | ':uuid'}`
