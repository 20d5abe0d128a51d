/** The example's schema into the database; what tenants have is served even where the file has gone another way. */
import { BackSaasError, type Database, type FunctionDefinition } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { listSchemas, migrate } from '@backsaas/migrator'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'

/** A start runs no migration: who wants one runs `backsaas migrate`, which asks for what it takes. */
const NOT_FOLLOWED: readonly string[] = ['NEEDS_MIGRATION', 'CHANGE_AMBIGUOUS', 'MIGRATION_OPEN']

/**
 * Publishes the schema. Where the file is behind what is live, or cannot follow it, that is said on standard error.
 *
 * @returns the schema's name.
 * @throws `SchemaProblems` (422), and what `migrate` throws besides `NOT_FOLLOWED`.
 * @example const schema = await migrateExample(database, readExample(null).schema, functions, io)
 */
export async function migrateExample(
  database: Database,
  source: string,
  functions: readonly FunctionDefinition[],
  io: Io,
): Promise<string> {
  try {
    const { schema, version, newest } = await migrate(database, source, { decide, functions, breaking: 'refuse' })
    if (newest !== version) io.err(`backsaas: ${schema} in the file is version ${version}; version ${newest} is served`)
    return schema
  } catch (error) {
    if (!(error instanceof BackSaasError && NOT_FOLLOWED.includes(error.code))) throw error
    const { name } = compileSchema(source, { functions })
    const live = (await listSchemas(database)).find((schema) => schema.name === name && schema.owner === 'system')
    io.err(`backsaas: ${error.message}: version ${live?.version} is served, without these changes`)
    for (const { code, pointer, detail } of error.errors) io.err(`${code} ${pointer}: ${detail}`)
    return name
  }
}
