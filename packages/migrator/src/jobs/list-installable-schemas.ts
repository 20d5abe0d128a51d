/** `list_installable_schemas`: what a tenant may install, those of other tenants too that are shared. */
import { listInstallable } from '../registry/list-installable.ts'
import type { Act } from './act.ts'

export const listInstallableSchemas: Act<'list_installable_schemas'> = async (
  { search, after },
  { connection, platform, tenant },
) => {
  const { schemas, next } = await listInstallable(connection, platform, tenant.id, { search, after })
  return {
    result: {
      schemas: schemas.map(({ schemaId, installedAs, ...schema }) => ({
        ...schema,
        schema_id: schemaId,
        installed_as: installedAs,
      })),
      next,
    },
  }
}
