/** The example's schema into the database; what tenants have is served even where the file has gone another way. */
import { BackSaasError, type Database, type FunctionDefinition } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { listSchemas, migrate } from '@backsaas/migrator'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'

/**
 * Publishes the schema. Where the file is behind what is live, or cannot follow it, that is said on standard error.
 *
 * @returns the schema's name.
 * @throws `SchemaProblems` (422), and what `migrate` throws besides `NEEDS_MIGRATION`.
 * @example const schema = await migrateExample(database, readExample(null).schema, functions, io)
 */
export async function migrateExample(
  database: Database,
  source: string,
  functions: readonly FunctionDefinition[],
  io: Io,
): Promise<string> {
  try {
    const { schema, version, newest } = await migrate(database, source, { decide, functions })
    if (newest !== version) io.err(`backsaas: ${schema} in the file is version ${version}; version ${newest} is served`)
    return schema
  } catch (error) {
    if (!(error instanceof BackSaasError && error.code === 'NEEDS_MIGRATION')) throw error
    const { name } = compileSchema(source, { functions })
    const live = (await listSchemas(database)).find((schema) => schema.name === name && schema.owner === 'system')
    io.err(`backsaas: ${error.message}: version ${live?.version} is served, without these changes\n${error.details}`)
    return name
  }
}
