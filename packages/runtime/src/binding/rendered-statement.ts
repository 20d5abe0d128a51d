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
  /** Of the request: its id, how deep it stands among functions, the profile that it names, and who asks, as JSON. */
  | ('request' | 'depth' | 'profile' | 'caller')
  | `ids:${string}`
  /** Of who asks; with `:uuid` null where it is none. */
  | `user:${VariableName}${'' | ':uuid'}`
