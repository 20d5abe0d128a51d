/** Two publishers at once, and several workers: one wins, the other is told by what; nothing is done twice or out of turn. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { type Database, JOBS_WAITING_MAX } from '@backsaas/core'
import { startWorker, type Worker } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import { type Registry, type RegistryCaller, SOON, schemaOf, startRegistry } from './start-registry.ts'

describe('publishing at once', () => {
  let registry: Registry
  let other: Database
  let second: Worker | null = null
  beforeAll(async () => {
    registry = await startRegistry({ database: 'postgres' })
    other = postgres(registry.fixture.url ?? '', { max: 4 })
    second = await startWorker(other)
  })
  afterAll(async () => {
    await second?.close()
    await other?.close?.()
    await registry?.close()
  })
  const versionsOf = async (caller: RegistryCaller): Promise<readonly unknown[]> =>
    (await caller.get('/schema_versions?select=version,source&order=version')).rows

  test('of two on one version exactly one wins, round after round, and the other learns of the newer version', async () => {
    const caller = await registry.newTenant()
    const fields: string[] = []
    await caller.rpc('publish_schema', { source: schemaOf('raced') })
    for (let version = 1; version <= 12; version++) {
      const sources = ['a', 'b'].map((side) => schemaOf('raced', ...fields, `${side}${version}: { type: string }`))
      const answers = await Promise.all(
        sources.map((source) => caller.rpc('publish_schema', { source, base: version }, { prefer: 'wait=30' })),
      )
      const winner = answers.findIndex(({ status }) => status === 201)
      const loser = answers[1 - winner]
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
      expect(loser?.row).toMatchObject({ code: 'VERSION_CONFLICT', details: { base: version, newest: version + 1 } })
      expect(answers[winner]?.row).toMatchObject({ version: version + 1 })
      fields.push(`${winner === 0 ? 'a' : 'b'}${version}: { type: string }`)
      expect((await versionsOf(caller)).at(-1)).toEqual({ version: version + 1, source: sources[winner] })
    }
  })

  test('who does not say on what has been read on what was newest when they asked', async () => {
    const caller = await registry.newTenant()
    await caller.rpc('publish_schema', { source: schemaOf('raced') })
    // Nobody works until all have asked.
    await Promise.all([registry.worker.close(), second?.close()])
    second = null
    const asked = await Promise.all(
      ['a', 'b', 'c'].map((side) =>
        caller.rpc(
          'publish_schema',
          { source: schemaOf('raced', `${side}: { type: string }`) },
          { prefer: 'respond-async' },
        ),
      ),
    )
    expect(asked.map(({ status }) => status)).toEqual([202, 202, 202])
    const workers = await Promise.all([startWorker(other), startWorker(other), startWorker(registry.fixture.database)])
    const outcomes = async (): Promise<readonly unknown[]> => {
      const ids = asked.map(({ row }) => row.job).join()
      const jobs = await caller.get(`/jobs?id=in.(${ids})&select=status,code:problem->>code,attempts&order=status,id`)
      return jobs.rows
    }
    const lost = { status: 'failed', code: 'VERSION_CONFLICT', attempts: 1 }
    await expect
      .poll(outcomes, SOON)
      .toEqual([{ status: 'succeeded', code: null, attempts: 1 }, lost, lost].toSorted(byStatus))
    await Promise.all(workers.map((worker) => worker.close()))
  })

  test('of one tenant so many wait and no more; nobody else is kept from asking', async () => {
    const [caller, neighbour] = [await registry.newTenant(), await registry.newTenant()]
    const ask = (one: RegistryCaller, count: number): Promise<Answer> => {
      const input = { source: schemaOf('x') }
      return one.send('POST', '/jobs', Array(count).fill({ kind: 'validate_schema', input }))
    }
    expect((await ask(caller, JOBS_WAITING_MAX - 1)).status).toBe(201)
    const many = await ask(caller, 2)
    expect([many.status, many.row.code, many.headers.get('retry-after')]).toEqual([429, 'JOBS_TOO_MANY', '2'])
    const last = { prefer: 'respond-async' }
    expect((await caller.rpc('diff_schema', { schema: 'x' }, last)).status).toBe(202)
    const refused = await caller.rpc('diff_schema', { schema: 'x' }, last)
    expect([refused.status, refused.row.code, refused.row.message]).toEqual([
      429,
      'JOBS_TOO_MANY',
      `${JOBS_WAITING_MAX} jobs of this tenant wait already`,
    ])
    expect(refused.row.hint).toContain('finished_at=is.null')
    expect((await neighbour.rpc('diff_schema', { schema: 'x' }, last)).status).toBe(202)
    const worker = await startWorker(other)
    const waiting = async (): Promise<unknown> => (await caller.get('/jobs?finished_at=is.null&select=id')).body
    await expect.poll(waiting, SOON).toEqual([])
    expect((await caller.rpc('diff_schema', { schema: 'x' })).status).toBe(404)
    await worker.close()
  })

  test('many tenants, many jobs: each done once, a tenant’s in its order', async () => {
    const callers = await Promise.all(Array.from({ length: 4 }, () => registry.newTenant()))
    const asked = await Promise.all(
      callers.map(async (caller) => {
        for (let n = 1; n <= 6; n++) {
          const fields = Array.from({ length: n }, (_, i) => `f${i}: { type: string }`)
          const given = { source: schemaOf('many', ...fields), base: n - 1 }
          expect((await caller.rpc('publish_schema', given, { prefer: 'respond-async' })).status).toBe(202)
        }
        return caller
      }),
    )
    const workers = await Promise.all([0, 1, 2].map(() => startWorker(other, { concurrency: 2 })))
    for (const caller of asked) {
      const jobs = async (): Promise<unknown> =>
        (await caller.get('/jobs?select=status,attempts,version:result->version&order=created_at')).body
      const done = Array.from({ length: 6 }, (_, i) => ({ status: 'succeeded', attempts: 1, version: i + 1 }))
      await expect.poll(jobs, SOON).toEqual(done)
    }
    await Promise.all(workers.map((worker) => worker.close()))
  })
})

function byStatus(a: { readonly status: string }, b: { readonly status: string }): number {
  return a.status < b.status ? -1 : 1
}
