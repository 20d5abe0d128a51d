/** Which entity the rows of a source go to, and which fields it has: from a schema file, or asked of the server. */
import { BackSaasError, type CompiledSchema } from '@backsaas/core'
import { parse } from 'csv-parse/sync'
import { entityCandidates } from './names.ts'
import { type RestClient, readProblem, refusedByServer } from './rest-client.ts'
import { askKey } from './row-key.ts'

export interface Target {
  readonly entity: string
  readonly key: readonly string[]
  readonly fields: ReadonlySet<string>
  /** Fields that the platform alone writes, as far as is known; they are left out of what is sent. */
  readonly unwritable: Set<string>
}

/**
 * Finds the entity of a source by its name.
 *
 * @param named the entity's name where it is given, else it follows from `source`.
 * @throws `ENTITY_UNKNOWN` (404) where no name that follows from `source` is one of an entity.
 * @example await findTarget('InvoiceLine', null, null, client) // { entity: 'invoice_lines', … }
 */
export async function findTarget(
  source: string,
  named: string | null,
  schema: CompiledSchema | null,
  client: RestClient,
): Promise<Target> {
  const candidates = named === null ? entityCandidates(source) : [named]
  for (const entity of candidates) {
    const target = schema ? targetOfSchema(entity, schema) : await askTarget(entity, client)
    if (target) return target
  }
  throw new BackSaasError('ENTITY_UNKNOWN', 404, `there is no entity ${candidates.join(' or ')}`, {
    hint: `say which one ${JSON.stringify(source)} means: --map ${source}=ENTITY (nothing behind the = leaves it out)`,
  })
}

function targetOfSchema(entity: string, schema: CompiledSchema): Target | null {
  const compiled = Object.hasOwn(schema.entities, entity) ? schema.entities[entity] : undefined
  if (!compiled) return null
  const fields = Object.values(compiled.fields)
  return {
    entity,
    key: compiled.key,
    fields: new Set(fields.map((field) => field.name)),
    unwritable: new Set(fields.filter((field) => !field.writable).map((field) => field.name)),
  }
}

const NO_ENTITY = 'PGRST205'

/** The header of an empty page names the fields, and the key is asked for. Which of them may be written shows when one may not. */
async function askTarget(entity: string, client: RestClient): Promise<Target | null> {
  const path = `/${encodeURIComponent(entity)}?limit=0`
  const answer = await client.send({ method: 'GET', path, headers: { accept: 'text/csv' } })
  if (readProblem(answer).code === NO_ENTITY) return null
  if (answer.status >= 400) throw refusedByServer(answer, `cannot ask for ${entity}`)
  const [header = []]: string[][] = parse(answer.text)
  const key = await askKey(entity, header[0] ?? 'id', client)
  return { entity, key, fields: new Set(header), unwritable: new Set() }
}
