/** `uninstall_schema`: takes away the profile of a schema. */
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { uninstallFor } from '../registry/uninstall-schema.ts'
import type { Act } from './act.ts'

export const uninstallSchema: Act<'uninstall_schema'> = async ({ profile }, { connection, platform, tenant }) => {
  await connection.batch([EXCLUSIVE])
  const { schemaId, version, defaultProfile } = await uninstallFor(connection, platform, tenant, profile)
  return { result: { profile, schema_id: schemaId, version, default_profile: defaultProfile } }
}
