/** The hook that an execution is of, with the schema that it stands in. */
import type { CompiledHook, CompiledSchema, Connection, FunctionDefinition } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { readCompiled } from '../registry/platform.ts'
import type { Execution } from './execution-rows.ts'

export interface FoundHook {
  readonly schema: CompiledSchema
  readonly hook: CompiledHook
  readonly definition: Extract<FunctionDefinition, { kind: 'hook' }>
}

export type FindHook = (connection: Connection, execution: Execution) => Promise<FoundHook>

const VERSIONS_MAX = 200

/** Versions never change: each is read once. */
export function createHookFinder(functions: readonly FunctionDefinition[]): FindHook {
  const byName = new Map(functions.map((definition) => [definition.name, definition]))
  const versions = new Map<string, Promise<CompiledSchema>>()

  function versionOf(connection: Connection, { placementId, version }: Execution): Promise<CompiledSchema> {
    const key = `${placementId}:${version}`
    const known = versions.get(key)
    if (known) return known
    const reading = readVersion(connection, placementId, version)
    versions.set(key, reading)
    reading.catch(() => versions.delete(key))
    if (versions.size > VERSIONS_MAX) versions.delete(versions.keys().next().value ?? '')
    return reading
  }

  return async (connection, execution) => {
    const definition = byName.get(execution.function)
    if (definition?.kind !== 'hook')
      throw new BackSaasError(
        'FUNCTION_NOT_GIVEN',
        503,
        `this worker does not have the function ${execution.function}`,
        {
          hint: 'Give it to the worker, as to the runtime.',
        },
      )
    const schema = await versionOf(connection, execution)
    const { entity, moment, hook: index } = execution
    const hook = moment === 'scheduled' ? undefined : schema.entities[entity]?.hooks?.[moment]?.[index]
    if (!hook) throw new BackSaasError('HOOK_UNKNOWN', 422, `${entity} has no hook ${index} at ${moment}`)
    return { schema, hook, definition }
  }
}

async function readVersion(connection: Connection, placementId: string, version: number): Promise<CompiledSchema> {
  const text = 'select compiled from backsaas.versions where placement_id = $1 and version = $2'
  const [row] = await query(connection, text, [placementId, String(version)])
  if (!row) throw new BackSaasError('HOOK_UNKNOWN', 422, 'the version that the hook stands in is gone')
  return readCompiled(row[0])
}
