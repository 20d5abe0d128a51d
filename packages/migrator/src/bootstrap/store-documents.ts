/** What every runtime shows of the language, also one that does not hold it: the JSON Schemas, for editors. */
import type { Connection } from '@backsaas/core'
import { DOCUMENTS } from '@backsaas/core'
import { schemaJsonSchema, testsJsonSchema } from '@backsaas/core/language'

/** Those of this version of the language: the one that publishes here. */
export async function storeDocuments(connection: Connection): Promise<void> {
  const bodies = { [DOCUMENTS.schema]: schemaJsonSchema(), [DOCUMENTS.tests]: testsJsonSchema() }
  await connection.batch(
    Object.entries(bodies).map(([name, body]) => ({
      text: `insert into backsaas.documents as d (name, body) values ($1, $2)
             on conflict (name) do update set body = excluded.body where d.body <> excluded.body`,
      params: [name, JSON.stringify(body)],
    })),
  )
}
