/** What must not happen while stores take a version back. */
import { BackSaasError, type Connection } from '@backsaas/core'
import type { Platform } from '../registry/platform.ts'
import { openDeliveries } from './delivery-row.ts'

/** @throws `STORES_RETURN` (409) where a version of the schema is being taken back in its stores. */
export async function refuseReturning(connection: Connection, platform: Platform, schemaId: string): Promise<void> {
  const deliveries = await openDeliveries(connection, platform, schemaId)
  const returning = deliveries.find(({ state }) => state === 'returning')
  if (!returning) return
  const { schema, version } = returning
  throw new BackSaasError('STORES_RETURN', 409, `version ${version} of ${schema} is being taken back in its stores`, {
    hint: `\`backsaas store status ${schema}\` shows them, \`backsaas rollback ${schema}\` goes on with it`,
    details: { version },
  })
}
