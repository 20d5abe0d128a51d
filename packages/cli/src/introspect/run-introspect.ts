/** The command's work, from a database to a schema file and, where asked, its rows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackSaasError, type CompiledSchema, type Connection, type Scope } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { findFiles } from '../transfer/find-files.ts'
import { type ImportResult, importFiles, refuseIncomplete } from '../transfer/import-files.ts'
import { readNameMap } from '../transfer/name-map.ts'
import { createRestClient } from '../transfer/rest-client.ts'
import { type BuiltDocument, buildDocument } from './build-document.ts'
import { type Dumped, dumpRows } from './dump-rows.ts'
import { pickName } from './pick-names.ts'
import { readCatalogue } from './read-catalogue.ts'
import { stripTenant } from './strip-tenant.ts'
import { writeYaml } from './write-yaml.ts'

export interface IntrospectRequest {
  readonly database: string
  readonly pgSchema: string
  readonly name: string | null
  readonly tables: readonly string[] | null
  /** A file, or `-` for standard output. */
  readonly out: string
  readonly dataFolder: string | null
  /** The data API to import the rows into. */
  readonly to: string | null
  readonly apiKey: string | null
  readonly tenant: string | null
  readonly asJson: boolean
}

/** A schema in YAML and what was noted on the way. */
export interface Introspected extends BuiltDocument {
  readonly yaml: string
}

const BACKGROUND: Scope = { waitUntil: () => {}, now: () => Date.now() }

/**
 * Introspects, writes and reports.
 *
 * @throws `TABLES_ABSENT` (404), `OPTIONS_CONFLICT` (400), `FILE_UNWRITABLE` (400); `SchemaProblems` where the result is not
 *   a valid schema, which is written all the same so that it can be put right by hand.
 */
export async function runIntrospect(request: IntrospectRequest, io: Io): Promise<void> {
  if (request.to !== null && request.apiKey === null)
    throw new BackSaasError('OPTIONS_CONFLICT', 400, '--to needs --key, the API key of the tenant')
  await useDatabase(request.database, async (database) => {
    const connection = database.open(BACKGROUND, 'owner')
    const { yaml, document, plans, notes } = await introspect(connection, request)
    if (request.out === '-') io.out(yaml.trimEnd())
    else write(request.out, yaml)
    const schema = compileSchema(yaml)
    const dumped = await takeRows(connection, plans, schema, request)
    if (request.out === '-') return
    const entities = Object.keys(document.entities)
    if (request.asJson) io.out(JSON.stringify({ out: request.out, entities, notes, rows: dumped?.rows ?? null }))
    else say(request, entities, notes, dumped, io)
    if (dumped?.imported) refuseIncomplete(dumped.imported)
  })
}

/**
 * The schema of the tables. Nothing is written.
 *
 * @example (await introspect(connection, { pgSchema: 'public', name: null, tables: null })).yaml
 */
export async function introspect(
  connection: Connection,
  { pgSchema, name, tables }: Pick<IntrospectRequest, 'pgSchema' | 'name' | 'tables'>,
): Promise<Introspected> {
  const catalogue = await readCatalogue(connection, pgSchema, tables)
  const schema = pickName('schema', name ?? (pgSchema === 'public' ? 'imported' : pgSchema), new Set())
  const built = buildDocument(schema, catalogue.tables.map(stripTenant), pgSchema)
  const notes = [...built.notes, ...catalogue.others]
  return { ...built, notes, yaml: writeYaml({ document: built.document, notes }, pgSchema) }
}

interface Taken {
  readonly rows: Dumped
  readonly imported: ImportResult | null
}

async function takeRows(
  connection: Connection,
  plans: BuiltDocument['plans'],
  schema: CompiledSchema,
  { dataFolder, to, apiKey, tenant, pgSchema }: IntrospectRequest,
): Promise<Taken | null> {
  if (dataFolder === null && to === null) return null
  const folder = dataFolder ?? mkdtempSync(join(tmpdir(), 'backsaas-introspect-'))
  try {
    const rows = await dumpRows(connection, plans, { pgSchema, folder, tenant })
    return { rows, imported: to === null ? null : await importFolder(folder, to, apiKey ?? '', schema) }
  } finally {
    if (dataFolder === null) rmSync(folder, { recursive: true })
  }
}

async function importFolder(
  folder: string,
  url: string,
  apiKey: string,
  schema: CompiledSchema,
): Promise<ImportResult> {
  return importFiles({
    client: createRestClient({ url, apiKey }),
    files: findFiles(folder),
    entity: null,
    names: readNameMap([]),
    schema,
    existing: 'update',
    unguard: false,
    batchRows: 500,
    parallel: 4,
    reportPath: `${schema.name}.refused.ndjson`,
    resume: false,
    stopped: () => false,
    onProgress: () => {},
  })
}

function say(
  { out, dataFolder }: IntrospectRequest,
  entities: readonly string[],
  notes: readonly string[],
  taken: Taken | null,
  io: Io,
): void {
  for (const note of notes) io.err(`note: ${note}`)
  io.out(`${out}: ${entities.length === 1 ? '1 entity' : `${entities.length} entities`} (${entities.join(', ')})`)
  const rows = Object.values(taken?.rows ?? {}).reduce((sum, count) => sum + count, 0)
  if (dataFolder !== null) io.out(`${dataFolder}: ${rows} rows`)
  if (taken?.imported) io.out(`${taken.imported.written} rows imported`)
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BackSaasError('FILE_UNWRITABLE', 400, `cannot write ${path}: ${reason}`, { cause })
  }
}
