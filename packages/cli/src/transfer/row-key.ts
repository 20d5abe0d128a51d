/** By which key a row is written: what tells an upsert from an insert, and one row's batch from another's. */
import { BackSaasError } from '@backsaas/core'
import { scalarText } from './exact-json.ts'
import { type RestClient, readProblem, refusedByServer } from './rest-client.ts'
import type { Values } from './source-row.ts'

/**
 * The key's values as one text; null where the row lacks a field of its key and gets it from the database: such a row is
 * always a new one.
 *
 * @example rowKey({ genre_id: 1, name: 'Rock' }, ['genre_id']) // '["1"]'
 */
export function rowKey(values: Values, key: readonly string[]): string | null {
  if (!key.every((field) => Object.hasOwn(values, field))) return null
  return JSON.stringify(key.map((field) => scalarText(values[field])))
}

const NO_UNIQUE_SET = '42P10'

/**
 * Asks the server for the key of an entity: an upsert of no rows by a set that is none is refused, and the refusal names
 * the sets that there are, the key first.
 *
 * @param field any field of the entity.
 * @throws `KEY_UNKNOWN` (400) where the answer does not tell; the server's error where rows cannot be written at all.
 */
export async function askKey(entity: string, field: string, client: RestClient): Promise<readonly string[]> {
  const twice = [field, field].map(encodeURIComponent).join()
  const answer = await client.send({
    method: 'POST',
    path: `/${encodeURIComponent(entity)}?on_conflict=${twice}`,
    headers: { 'content-type': 'application/json', prefer: 'resolution=ignore-duplicates, return=minimal' },
    body: '[]',
  })
  const { code, hint } = readProblem(answer)
  const [, fields] = /\(([^()]+)\)/.exec(hint ?? '') ?? []
  if (code === NO_UNIQUE_SET && fields !== undefined) return fields.split(', ')
  if (answer.status >= 400 && code !== NO_UNIQUE_SET) throw refusedByServer(answer, `cannot write ${entity}`)
  throw new BackSaasError('KEY_UNKNOWN', 400, `the server does not say what the key of ${entity} is`, {
    hint: 'give the schema with --schema FILE',
  })
}
