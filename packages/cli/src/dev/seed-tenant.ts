/** A tenant's first rows, inserted through its API. */
import { BackSaasError, type Json, type JsonObject } from '@backsaas/core'
import type { Access } from './dev-file.ts'
import type { Seed } from './example.ts'

export type Fetch = (request: Request) => Promise<Response>

/**
 * Inserts `seed`, entity by entity.
 *
 * A value `{ "$row": "contacts.0", "field": "id" }` is the value that an earlier row got: the entity, the row's place
 * in the seed, and the field.
 *
 * @throws `SEED_REFUSED` (400) with the API's own reason.
 */
export async function seedTenant(fetch: Fetch, access: Access, seed: Seed): Promise<void> {
  const inserted = new Map<string, JsonObject>()
  for (const [entity, rows] of Object.entries(seed)) {
    const body = rows.map((row) => resolveRow(row, inserted))
    const answer = await call(fetch, access, 'POST', entity, body)
    for (const [place, row] of answer.entries()) inserted.set(`${entity}.${place}`, row)
  }
}

/** Deletes all rows of the seed's entities, the last entity first. */
export async function clearTenant(fetch: Fetch, access: Access, seed: Seed): Promise<void> {
  for (const entity of Object.keys(seed).reverse()) await call(fetch, access, 'DELETE', entity)
}

function resolveRow(row: JsonObject, inserted: ReadonlyMap<string, JsonObject>): JsonObject {
  return Object.fromEntries(Object.entries(row).map(([field, value]) => [field, resolveValue(value, inserted)]))
}

function resolveValue(value: Json, inserted: ReadonlyMap<string, JsonObject>): Json {
  if (typeof value !== 'object' || value === null || !('$row' in value)) return value
  const { $row: place, field } = value
  const found = inserted.get(String(place))?.[String(field)]
  if (found !== undefined) return found
  throw new BackSaasError(
    'SEED_REFUSED',
    400,
    `the seed refers to ${String(place)}.${String(field)}, which is not there`,
  )
}

async function call(
  fetch: Fetch,
  { restUrl, apiKey }: Access,
  method: 'POST' | 'DELETE',
  entity: string,
  body?: readonly JsonObject[],
): Promise<readonly JsonObject[]> {
  const headers = {
    apikey: apiKey,
    'content-type': 'application/json',
    prefer: 'return=representation, missing=default',
  }
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  const response = await fetch(new Request(`${restUrl}/${entity}`, init))
  const text = await response.text()
  if (response.ok) return JSON.parse(text)
  throw new BackSaasError('SEED_REFUSED', 400, `the seed of ${entity} was refused with ${response.status}`, {
    details: text,
  })
}
