/** What the product itself says of its rules: `explain_access`, asked by an admin of the test's tenant. */
import type { Expectation, Identity, JsonObject } from '@backsaas/core'
import type { StoredRow } from './insert-rows.ts'
import type { World } from './world.ts'

export interface Told {
  readonly decision: 'allow' | 'deny'
  readonly reason: string
  readonly rules: readonly ToldRule[]
}

export interface ToldRule {
  readonly place: string
  readonly effect: 'allow' | 'deny'
  readonly role: string
  readonly where: string | null
  readonly fields: readonly string[] | null
  readonly check: string | null
  readonly holds: boolean | null
}

export type Asking = Pick<Expectation, 'action' | 'entity' | 'input' | 'fields'>

/** @returns null where it cannot say. */
export async function askExplanation(
  world: World,
  { tenant, ...principal }: Identity,
  { action, entity, input, fields }: Asking,
  row: StoredRow | null,
): Promise<Told | null> {
  const question: JsonObject = {
    principal,
    action,
    entity,
    ...(row && { row: row.key }),
    ...(input && { input }),
    ...(fields && { fields }),
  }
  const { status, body } = await world.ask(
    { tenant, id: 'policy-tests', roles: ['admin'] },
    { method: 'POST', path: 'rpc/explain_access', body: question },
  )
  return status === 200 ? (body as Told) : null // as documented
}
