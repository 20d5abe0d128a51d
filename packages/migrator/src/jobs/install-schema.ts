/** `install_schema`: a schema for the tenant, under the name of a profile. */
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { installFor } from '../registry/installs.ts'
import type { Act } from './act.ts'

export const installSchema: Act<'install_schema'> = async ({ schema, as }, { connection, platform, tenant }) => {
  await connection.batch([EXCLUSIVE])
  const { installed, profile, schemaId, version } = await installFor(connection, platform, tenant, schema, { as })
  return { result: { created: installed, profile, schema_id: schemaId, version } }
}
