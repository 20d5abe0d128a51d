/** The example worker in workerd, over a Hyperdrive binding to a real Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { httpSuite } from '../http/suite.ts'
import { type StartedWorker, startWorker } from './start-worker.ts'

httpSuite('in workerd', () => startFixture({ database: 'postgres', serve: (database) => startWorker(database) }))

describe('the example worker', () => {
  let fixture: Fixture
  let worker: StartedWorker
  beforeAll(async () => {
    const serve = async (database: { readonly url: string }) => (worker = await startWorker(database))
    fixture = await startFixture({ database: 'postgres', serve })
  })
  afterAll(() => fixture?.close())
  const report = (headers: Record<string, string>) => fixture.fetch('/report', { headers })

  test('a route of its own asks the data API as whoever made the request', async () => {
    await fixture.tenants.acme.add('contacts', [{ email: 'ada@acme.example', first_name: 'Ada' }])
    const answers = await Promise.all([
      report({ apikey: fixture.tenants.acme.key }),
      report({ apikey: fixture.tenants.globex.key }),
    ])
    expect(await answers[0]?.json()).toEqual([{ id: expect.any(String), email: 'ada@acme.example' }])
    expect(await answers[1]?.json()).toEqual([])
  })

  test('requests at once, each on a connection of its own, do not get in one another’s way', async () => {
    const { acme, globex } = fixture.tenants
    const work = Array.from({ length: 60 }, async (_, index) => {
      const caller = index % 2 === 0 ? acme : globex
      const path = index % 3 === 0 ? '/companies?select=no_such_column' : '/companies?select=name&limit=1'
      return (await caller.get(path)).status
    })
    expect(await Promise.all(work)).toEqual(work.map((_, index) => (index % 3 === 0 ? 400 : 200)))
  })

  test('its connections leave with their requests, and nothing goes uncaught', async () => {
    for (let index = 0; index < 20; index++) await fixture.tenants.acme.get('/companies?limit=1')
    const open = `select count(*) from pg_stat_activity
      where datname = current_database() and application_name = 'backsaas runtime' and client_addr is not null`
    const count = async () => Number((await fixture.ownerQuery(open))[0]?.[0])
    // What is left is the fixture's own runtime.
    await expect.poll(count, { timeout: 10_000 }).toBeLessThanOrEqual(6)
    expect(worker.logs().filter((line) => /uncaught|unhandled|hang|error/i.test(line))).toEqual([])
  })
})
