/** How versions serve in workerd, where nothing runs between requests: told behind answers, as rows of `runtimes`. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { startWorker as startEdge } from './start-worker.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [schemaOf('crm')], serve: startEdge })
})
afterAll(() => fixture?.close())

test('an isolate tells its counts after a while, and again', async () => {
  const { acme } = fixture.tenants
  const counted = async (): Promise<unknown> => {
    await acme.post('/notes', { title: 'a' })
    await acme.post('/notes', { titel: 'a' })
    const [row] = await fixture.ownerQuery(
      `select v -> 'usage' from ${await runtimes()} r, jsonb_array_elements(r.serving -> 'versions') v
       where r.name = 'edge' and v ->> 'schema' = 'crm'`,
    )
    return JSON.parse(String(row?.[0] ?? '{}'))
  }
  await expect
    .poll(counted, { timeout: 20_000, interval: 200 })
    .toMatchObject({ answered: expect.any(Number), failed: 0, refused: expect.any(Number) })
  const first = (await counted()) as { answered: number; refused: number; times: [number, number][] }
  expect(first.refused).toBeGreaterThan(0)
  expect(first.times.reduce((sum, [, count]) => sum + count, 0)).toBe(first.answered)
  await expect
    .poll(async () => ((await counted()) as { answered: number }).answered, { timeout: 20_000, interval: 200 })
    .toBeGreaterThan(first.answered)
})

async function runtimes(): Promise<string> {
  const [row] = await fixture.ownerQuery(
    `select table_schema || '.' || table_name from information_schema.columns where column_name = 'serving'`,
  )
  return String(row?.[0])
}
