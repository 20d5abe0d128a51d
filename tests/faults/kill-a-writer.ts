/** Kills a writer mid-write and reads what is left. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Database } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { policies } from '@backsaas/plugins/policies'
import { expect } from 'vitest'
import { killWhen } from '../fixture/kill-when.ts'
import { SCOPE } from '../fixture/start-fixture.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const CRM = new URL('../../examples/crm/schema.yaml', import.meta.url)

/** Installs the crm for a tenant; answers its key. */
export async function prepare(database: Database): Promise<string> {
  const { schema } = await migrate(database, await readFile(CRM, 'utf8'), { functions: functions().functions })
  await createTenant(database, { slug: 'acme', name: 'Acme', schemas: [schema] })
  return (await createKey(database, { tenant: 'acme', name: 'writer' })).key
}

/**
 * Starts a writer, waits for `enough` acknowledgements and kills it with SIGKILL.
 *
 * @returns the marks that were acknowledged.
 */
export async function killWriter(
  kind: 'postgres' | 'pglite',
  place: string,
  key: string,
  enough: number,
): Promise<readonly string[]> {
  const out = await killWhen(WRITER, [kind, place, key], (said) => said.split('\n').length > enough)
  // A line that was cut off was not said.
  const marks = out.split('\n').slice(1, -1)
  expect(marks.length).toBeGreaterThanOrEqual(enough - 1)
  return marks
}

/** Fails where an acknowledged row is lost, a request is there in part, or rows and their events differ. */
export async function checkNothingLost(
  database: Database,
  key: string,
  acknowledged: readonly string[],
): Promise<void> {
  const { createRuntime } = await import('@backsaas/runtime')
  const runtime = createRuntime({ database, plugins: [policies()] })
  const counts = new Map<string, number>()
  let rows = 0
  for (let offset = 0; ; offset += 1000) {
    const request = new Request(`http://localhost/rest/v1/contacts?select=first_name&order=id&offset=${offset}`, {
      headers: { apikey: key },
    })
    const response = await runtime.fetch(request)
    expect(response.status).toBe(200)
    const page = (await response.json()) as { first_name: string }[]
    for (const { first_name } of page) counts.set(first_name, (counts.get(first_name) ?? 0) + 1)
    rows += page.length
    if (page.length < 1000) break
  }
  expect(acknowledged.filter((mark) => counts.get(mark) !== 3)).toEqual([])
  expect([...counts].filter(([, count]) => count !== 3)).toEqual([])
  expect(await countEvents(database)).toBe(rows)
  await runtime.close()
}

/** `record.created` events in the outbox, wherever its table and column are. */
async function countEvents(database: Database): Promise<number> {
  const owner = database.open(SCOPE, 'owner')
  const ask = async (text: string): Promise<string> => {
    const [result] = await owner.batch([{ text, params: [], prepare: false }])
    return result?.rows[0]?.[0] ?? ''
  }
  const mapping: { schema: string; entities: Record<string, { table: string; columns: Record<string, string> }> } =
    JSON.parse(
      await ask(`
        select mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
        where p.schema_name = 'platform' and v.state = 'live' order by version desc limit 1`),
    )
  const events = mapping.entities.events
  const column = events?.columns.type
  return Number(
    await ask(`select count(*) from "${mapping.schema}"."${events?.table}" where "${column}" = 'record.created'`),
  )
}
