/** `diff_schema`: what changed between two versions of a schema, or would by publishing a document. */
import type { CompiledSchema, JobArguments } from '@backsaas/core'
import { BackSaasError, DEFAULT_STORE_ID } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { query } from '../execute/migrator-transaction.ts'
import { changesJson } from '../plan/change.ts'
import { diffSchemas } from '../plan/diff.ts'
import { findInstallable } from '../registry/find-installable.ts'
import { readCompiled } from '../registry/platform.ts'
import type { Act, ActContext } from './act.ts'
import { readDocument } from './read-document.ts'

interface Side {
  /** Null for a document. */
  readonly version: number | null
  readonly compiled: CompiledSchema
}

export const diffSchema: Act<'diff_schema'> = async (input, context) => {
  const { from, to } = await readSides(input, context)
  const changes = diffSchemas(from.compiled, to.compiled)
  return {
    result: {
      schema: to.compiled.name,
      from: from.version,
      to: to.version,
      compatible: changes.every((change) => change.class === 'compatible'),
      changes: changesJson(changes),
    },
  }
}

async function readSides(
  input: JobArguments['diff_schema'],
  context: ActContext,
): Promise<{ readonly from: Side; readonly to: Side }> {
  if (input.source !== undefined || input.draft !== undefined) {
    const compiled = compileSchema((await readDocument(input, context)).source, { functions: context.functions })
    return { from: await readSide(compiled.name, input.from, context), to: { version: null, compiled } }
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
