/** `diff_schema`: what changed between two versions of a schema, or would by publishing a document, and how. */
import type { CompiledSchema, JobArguments, JsonObject } from '@backsaas/core'
import { BackSaasError, DatabaseError, DEFAULT_STORE_ID, problemOf } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { changesJson } from '../plan/change.ts'
import { diffSchemas } from '../plan/diff.ts'
import { planWithin } from '../plan-schema.ts'
import { findInstallable } from '../registry/find-installable.ts'
import { readCompiled } from '../registry/platform.ts'
import { compileToPublish } from '../registry/publish-document.ts'
import type { Act, ActContext } from './act.ts'
import { readDocument } from './read-document.ts'

interface Side {
  /** Null for a document. */
  readonly version: number | null
  readonly compiled: CompiledSchema
}

interface Sides {
  readonly from: Side
  readonly to: Side
  /** Of a document. */
  readonly source?: string
}

export const diffSchema: Act<'diff_schema'> = async (input, context) => {
  const { from, to, source } = await readSides(input, context)
  const changes = diffSchemas(from.compiled, to.compiled)
  const compatible = changes.every((change) => change.class === 'compatible')
  const result: JsonObject = {
    schema: to.compiled.name,
    from: from.version,
    to: to.version,
    compatible,
    changes: changesJson(changes),
  }
  // Steps lead from what is the newest, whatever it is compared with.
  if (source === undefined || input.from !== undefined) return { result }
  return { result: { ...result, ...(await dryRun(to.compiled, source, context)) } }
}

/** What `backsaas plan` shows. What the document does not say yet is no failure of the job, but part of its answer. */
async function dryRun(compiled: CompiledSchema, source: string, context: ActContext): Promise<JsonObject> {
  const { connection, tenant, naming } = context
  const document = { compiled, source, naming, ownerOf: async () => tenant.id }
  try {
    // Rows of other tenants, whose schema it is too, are counted and not shown.
    const planned = await planWithin((question) => question(connection), document, { only: tenant.id })
    const { plan, statements, blockers, reverse, pinned } = JSON.parse(JSON.stringify(planned)) as JsonObject // plain data
    return {
      plan: plan ?? null,
      statements: statements ?? [],
      blockers: blockers ?? [],
      reverse: reverse ?? [],
      pinned: pinned ?? null,
      problem: null,
    }
  } catch (error) {
    if (!(error instanceof BackSaasError) || error instanceof DatabaseError || error.status !== 409) throw error
    return { plan: null, statements: [], blockers: [], reverse: [], pinned: null, problem: problemOf(error) }
  }
}

async function readSides(input: JobArguments['diff_schema'], context: ActContext): Promise<Sides> {
  if (input.source !== undefined || input.draft !== undefined) {
    const { source } = await readDocument(input, context)
    const compiled = await compileToPublish(source, context)
    return { from: await readSide(compiled.name, input.from, context), to: { version: null, compiled }, source }
  }
  const schema = input.schema ?? ''
  const to = await readSide(schema, input.to, context)
  const before = input.from ?? Math.max(1, (to.version ?? 1) - 1)
  return { from: await readSide(schema, before, context), to }
}

/** @param version the newest unless given. @throws `SCHEMA_UNKNOWN`, `VERSION_UNKNOWN` (404). */
async function readSide(name: string, version: number | undefined, context: ActContext): Promise<Side> {
  const { connection, platform, tenant } = context
  const { placementId, version: newest } = await findInstallable(connection, platform, tenant.id, name)
  const wanted = version ?? newest
  const [row] = await query(
    connection,
    `select v.compiled from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.id = $1 and p.store_id = $2 and v.version = $3`,
    [placementId, DEFAULT_STORE_ID, String(wanted)],
  )
  if (row) return { version: wanted, compiled: readCompiled(row[0]) }
  throw new BackSaasError('VERSION_UNKNOWN', 404, `${name} has no version ${wanted}`, {
    hint: `The newest is ${newest}.`,
  })
}
