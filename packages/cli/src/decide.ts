/** What the rules of a schema come to without any policies: stored with it when it is published. */
import type { Decide } from '@backsaas/migrator'

/** @example await migrate(database, text, { decide }) */
export const decide: Decide = async (schema) => {
  const { policies } = await import('@backsaas/plugins/policies')
  return policies().access.decide(schema, [])
}
