/** `GET /schemas/{name}`: the JSON Schemas of the language, for editors; as the migrator has stored them. */
import { DatabaseError, DOCUMENTS } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Access } from '../registry/cached-lookup.ts'

export const DOCUMENT_NAMES: readonly string[] = Object.values(DOCUMENTS)

const REMEMBERED_MS = 60_000
const HEADERS = {
  'content-type': 'application/schema+json; charset=utf-8',
  // The same for everybody, and read by editors in a browser too.
  'cache-control': 'public, max-age=3600',
  'access-control-allow-origin': '*',
}

/**
 * Asks the database once a minute at most, however often it is asked.
 *
 * @example
 * const show = createDocuments()
 * const response = await show('schema.json', { scope, connection }) // throws NOT_BOOTSTRAPPED (503)
 */
export function createDocuments(): (name: string, access: Access) => Promise<Response> {
  const known = new Map<string, { readonly body: string; readonly readAt: number }>()
  return async (name, access) => {
    const now = access.scope.now()
    let document = known.get(name)
    if (!document || now - document.readAt > REMEMBERED_MS) {
      document = { body: await readDocument(name, access), readAt: now }
      known.set(name, document)
    }
    return new Response(document.body, { headers: HEADERS })
  }
}

async function readDocument(name: string, { connection }: Access): Promise<string> {
  const statement = { text: 'select body from backsaas.documents where name = $1', params: [name] }
  const [result] = await connection.batch([statement]).catch((error: unknown) => {
    // A database that an earlier version has set up has no such table.
    if (error instanceof DatabaseError && error.fields.sqlState === '42P01') return []
    throw error
  })
  const body = result?.rows[0]?.[0]
  if (typeof body === 'string') return body
  throw runtimeError('NOT_BOOTSTRAPPED', 'this database has no JSON Schemas yet', { hint: 'run `backsaas migrate`' })
}
