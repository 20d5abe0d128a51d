/** The hooks of an entity as their author wrote them, once their shape is known to be right. */
import type { Moment } from '../contracts/moment.ts'

export type HooksDocument = { [M in Moment]?: HookDocument[] }

export interface HookDocument {
  use: string
  on?: string
  when?: string
  with?: unknown
}
