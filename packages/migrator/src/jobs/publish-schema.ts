/** `publish_schema`: a document becomes the next version of its schema, and serves. */
import type { CompiledSchema, JsonObject, Statement } from '@backsaas/core'
import { EXCLUSIVE } from '../execute/migrator-transaction.ts'
import { pinnedJson, samplePins } from '../pins/read-pins.ts'
import { changesJson } from '../plan/change.ts'
import { tableNames } from '../registry/platform.ts'
import { compileToPublish } from '../registry/publish-document.ts'
import { publishOrRequestWithin, type Requested } from '../registry/publish-or-request.ts'
import type { Act, ActContext } from './act.ts'
import { readDocument } from './read-document.ts'

export const publishSchema: Act<'publish_schema'> = async (input, context) => {
  const { connection, tenant, naming, decide, functions } = context
  const document = await readDocument(input, context)
  const compiled = await compileToPublish(document.source, { decide, functions })
  await connection.batch([EXCLUSIVE])
  const base = input.base ?? document.base ?? context.base?.[compiled.name] ?? (context.base ? 0 : undefined)
  const { source } = document
  const owner = tenant
  const hold = input.hold === true
  const publication = { compiled, source, owner, naming, hold, ...(base !== undefined && { base }) }
  const outcome = await publishOrRequestWithin(connection, publication)
  if (outcome.kind === 'migration') {
    await connection.batch([askMigrator(outcome.migrationId)])
    return { result: { ...migrationResult(compiled, outcome), ...(await heldBack(context, outcome.placementId)) } }
  }
  const { published } = outcome
  if (input.draft !== undefined) await rebaseDraft(input.draft, published.newest, context)
  const { version, created, newest, schemaId, profile, placementId, changes } = published
  const result: JsonObject = {
    schema: compiled.name,
    schema_id: schemaId,
    version,
    hash: compiled.hash,
    created,
    held: created && hold,
    newest,
    profile,
    changes: changesJson(changes),
    ...(await heldBack(context, placementId)),
  }
  return { result, placementId }
}

/** Installs that are pinned stay where they are. */
async function heldBack({ connection, platform }: ActContext, placementId: string): Promise<JsonObject> {
  const pinned = await samplePins(connection, platform, { schemaOf: placementId })
  return { pinned: pinnedJson(pinned) }
}

/** From here on the migrator process runs it, until both versions serve. */
function askMigrator(id: string): Statement {
  const text = `update backsaas.migrations set wanted = coalesce(wanted, 'live') where id = $1`
  return { text, params: [id], prepare: false }
}

/** How it stands is told by its events, and by its row in `migrations`. */
function migrationResult({ name, hash }: CompiledSchema, { migrationId, resumed }: Requested): JsonObject {
  return { schema: name, hash, created: false, migration_id: migrationId, resumed }
}

/** It is what its author knows now. */
async function rebaseDraft(id: string, version: number, { connection, platform, tenant }: ActContext): Promise<void> {
  const drafts = tableNames(platform, 'drafts')
  await connection.batch([
    {
      text: `update ${drafts.table} set ${drafts.column('base')} = $1 where ${drafts.tenant} = $2 and ${drafts.column('id')} = $3`,
      params: [String(version), tenant.id, id],
    },
  ])
}
