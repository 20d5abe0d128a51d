/** Who acts in a transaction, for the audit log; `operator` unless it is said. */
import type { Statement } from '@backsaas/core'
import { ACTOR_SETTING } from '@backsaas/core'

/** As the audit log has it. */
export type Actor = { readonly kind: string; readonly id: string }

/** The audit log notes the transaction's actor. */
export function actingAs(by: Actor): Statement {
  return { text: `select set_config('${ACTOR_SETTING}', $1, true)`, params: [JSON.stringify(by)], prepare: false }
}
