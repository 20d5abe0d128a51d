/** A worker killed with a job in its hands: the job is taken up again, done once, and given up where every worker dies of it. */
import { fileURLToPath } from 'node:url'
import { startWorker, type Worker } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { killThere } from '../fixture/kill-when.ts'
import { type Registry, type RegistryCaller, SOON, schemaOf, startRegistry } from './start-registry.ts'

const DYING = fileURLToPath(new URL('dying-worker.ts', import.meta.url))
const LEASE_MS = 1_500

describe('a worker that is killed', () => {
  let registry: Registry
  let caller: RegistryCaller
  beforeAll(async () => {
    registry = await startRegistry({ database: 'postgres' })
    await registry.worker.close()
  })
  afterAll(() => registry?.close())

  /** Has a worker of its own die at `point` of the job that is there. */
  async function die(point: string): Promise<void> {
    await killThere(DYING, [registry.fixture.url ?? '', point, String(LEASE_MS)])
  }

  async function survive<T>(work: () => Promise<T>, attemptsMax = 5): Promise<T> {
    const worker: Worker = await startWorker(registry.fixture.database, { leaseMs: LEASE_MS, attemptsMax })
    try {
      return await work()
    } finally {
      await worker.close()
    }
  }

  const ask = async (source: string): Promise<string> => {
    const answer = await caller.rpc('publish_schema', { source }, { prefer: 'respond-async' })
    return `/jobs/${answer.row.job}?select=status,attempts,version:result->version,code:problem->>code`
  }
  const versions = async (): Promise<unknown> =>
    (await caller.get('/schema_versions?select=version&order=version')).body
  const events = async (): Promise<number> => (await caller.get('/events?type=like.schema.*&select=id')).rows.length

  test.each(['claimed', 'uncommitted'])('%s: nothing of it is left, and the next one does it', async (point) => {
    caller = await registry.newTenant()
    const job = await ask(schemaOf('killed'))
    await die(point)
    expect(await versions()).toEqual([])
    expect((await caller.get(job)).body).toMatchObject({ status: 'running', attempts: 1 })
    await survive(() =>
      expect
        .poll(async () => (await caller.get(job)).body, SOON)
        .toEqual({ status: 'succeeded', attempts: 2, version: 1, code: null }),
    )
    expect([await versions(), await events()]).toEqual([[{ version: 1 }], 1])
  })

  test('between the version and its index: the version is there once, and the index is built', async () => {
    caller = await registry.newTenant()
    await survive(async () => {
      expect((await caller.rpc('publish_schema', { source: schemaOf('killed') })).status).toBe(201)
      await expect.poll(async () => (await caller.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
    })
    const job = await ask(`${schemaOf('killed')}    indexes: [[title]]\n`)
    await die('converging')
    expect(await versions()).toEqual([{ version: 1 }, { version: 2 }])
    expect((await caller.get(job)).body).toMatchObject({ status: 'running', version: null })
    await survive(() =>
      expect
        .poll(async () => (await caller.get(job)).body, SOON)
        .toEqual({ status: 'succeeded', attempts: 2, version: 2, code: null }),
    )
    expect([await versions(), await events()]).toEqual([[{ version: 1 }, { version: 2 }], 2])
    const indexes = await registry.fixture.ownerQuery(
      `select indexdef from pg_indexes where indexdef like '%(tenant_id, title)%' and schemaname like 'backsaas%'`,
    )
    expect(indexes).toHaveLength(1)
  })

  test('again and again: the job is given up, and those behind it go on', async () => {
    caller = await registry.newTenant()
    const job = await ask(schemaOf('killed'))
    await die('claimed')
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS))
    await die('claimed')
    const next = await ask(schemaOf('killed', 'b: { type: string }'))
    await survive(async () => {
      const given = { status: 'failed', attempts: 3, version: null, code: 'JOB_ABANDONED' }
      await expect.poll(async () => (await caller.get(job)).body, SOON).toEqual(given)
      await expect
        .poll(async () => (await caller.get(next)).body, SOON)
        .toMatchObject({ status: 'succeeded', version: 1 })
    }, 2)
  })
})
