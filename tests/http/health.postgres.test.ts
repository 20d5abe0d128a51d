/** `/healthz` while the database goes away and comes back. */
import sql from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
})
afterAll(async () => fixture?.close())

async function health(): Promise<[status: number, code: unknown]> {
  const response = await fixture.runtime.fetch(new Request('http://localhost/healthz'))
  const body = (await response.json()) as { code?: string } // of an error; none where all is well
  return [response.status, body.code]
}

test('is 503 while nothing can be asked of it, and 200 again afterwards', async () => {
  expect(await health()).toEqual([200, undefined])
  const url = new URL(String(fixture.url))
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const admin = sql(url.href, { max: 1 })
  try {
    await admin.unsafe(`alter database ${name} allow_connections false`)
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
    await expect.poll(async () => (await health())[0], { timeout: 10_000 }).toBe(503)
    await admin.unsafe(`alter database ${name} allow_connections true`)
    await expect.poll(health, { timeout: 10_000 }).toEqual([200, undefined])
  } finally {
    await admin.unsafe(`alter database ${name} allow_connections true`)
    await admin.end()
  }
})
