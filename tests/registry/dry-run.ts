/** What publishing a breaking document would do, over HTTP: the plan, and what in the data is in its way. */
import { describe, expect, test } from 'vitest'
import { type Lend, SOON, schemaOf } from './start-registry.ts'

type Found = Readonly<Record<string, unknown>>

export function dryRun(lend: Lend): void {
  describe('a dry run', () => {
    test('answers steps, what is in the way, the way back and the token, and does nothing', async () => {
      const [acme, other] = [await lend().newTenant(), await lend().newTenant()]
      await acme.rpc('publish_schema', { source: schemaOf('dry') })
      await acme.send('PATCH', '/schemas?name=eq.dry', { shared: true })
      expect((await other.rpc('install_schema', { schema: `${acme.tenant.slug}/dry` })).status).toBe(201)
      for (const [{ tenant }, title] of [
        [acme, 'mine'],
        [other, 'theirs'],
      ] as const) {
        await expect.poll(async () => (await tenant.post('/notes', { title })).status, SOON).toBe(201)
        await tenant.post('/notes', { title })
        await tenant.post('/notes', { title: '7' })
      }
      const unique = schemaOf('dry').replace('{ type: string }', '{ type: string, unique: true }')
      const planned = await acme.rpc('diff_schema', { source: unique })
      expect(planned.body).toMatchObject({ from: 1, to: null, compatible: false, problem: null })
      const { plan, blockers, reverse } = planned.row as { plan: Found; blockers: readonly Found[]; reverse: Found[] }
      expect(plan).toMatchObject({ fromVersion: 1, toVersion: 2, token: expect.any(String) })
      const steps = plan.steps as readonly Found[]
      expect(new Set(steps.map(({ phase }) => phase))).toContain('backfill')
      for (const step of steps) {
        expect(step).toMatchObject({ rewrite: false, rows: expect.any(Number), estimateMs: expect.any(Number) })
        expect(step.lock).toMatch(/none|row exclusive|share|access/)
      }
      expect(JSON.stringify(steps.flatMap(({ statements }) => statements))).toMatch(/create unique index concurrently/i)
      expect(reverse.length).toBeGreaterThan(0)
      // Counted are all, shown the asking tenant's own.
      expect(blockers).toMatchObject([{ code: 'DUPLICATES', count: 2, samples: [{ title: 'mine', rows: 2 }] }])
      expect(planned.text).not.toContain('theirs')
      const converted = schemaOf('dry').replace('title: { type: string }', 'title: { type: integer }')
      const failing = await acme.rpc('diff_schema', { source: converted })
      expect(failing.row.blockers).toMatchObject([
        { code: 'NOT_CONVERTIBLE', count: 4, samples: [{ reason: expect.any(String) }, {}] },
      ])
      expect(failing.text).not.toContain('theirs')
      expect((await acme.get('/migrations')).rows).toEqual([])
      expect((await acme.tenant.get('/notes?title=eq.mine')).rows.length).toBe(2)
    })

    test('of what is published at once has no plan, and of what is not clear yet says what is missing', async () => {
      const acme = await lend().newTenant()
      await acme.rpc('publish_schema', { source: schemaOf('dry') })
      const added = await acme.rpc('diff_schema', { source: schemaOf('dry', 'x: { type: string }') })
      expect(added.body).toMatchObject({ compatible: true, plan: null, blockers: [], reverse: [], problem: null })
      const gone = schemaOf('dry').replace('title: { type: string }', 'body: { type: string }')
      const unclear = await acme.rpc('diff_schema', { source: gone })
      expect(unclear.body).toMatchObject({ compatible: false, plan: null, problem: { code: 'CHANGE_AMBIGUOUS' } })
    })

    test('of two versions that are there is no dry run', async () => {
      const acme = await lend().newTenant()
      await acme.rpc('publish_schema', { source: schemaOf('dry') })
      await acme.rpc('publish_schema', { source: schemaOf('dry', 'x: { type: string }') })
      expect((await acme.rpc('diff_schema', { schema: 'dry' })).row).not.toHaveProperty('plan')
    })

    test('a migration that is blocked shows its owner no row of others', async () => {
      const [acme, other] = [await lend().newTenant(), await lend().newTenant()]
      await acme.rpc('publish_schema', { source: schemaOf('dry') })
      await acme.send('PATCH', '/schemas?name=eq.dry', { shared: true })
      await other.rpc('install_schema', { schema: `${acme.tenant.slug}/dry` })
      for (let n = 0; n < 6; n++) {
        await expect.poll(async () => (await other.tenant.post('/notes', { title: 'theirs' })).status, SOON).toBe(201)
      }
      await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'mine' })).status, SOON).toBe(201)
      const source = schemaOf('dry').replace('title: { type: string }', 'title: { type: integer }')
      const { row } = await acme.rpc('publish_schema', { source })
      const shown = async (): Promise<Found> => (await acme.get(`/migrations?id=eq.${row.migration_id}`)).rows[0] ?? {}
      await expect.poll(async () => (await shown()).state, { timeout: 40_000 }).toBe('blocked')
      const { problem } = await shown()
      expect(problem).toMatchObject({ code: 'ROWS_QUARANTINED', count: 7, samples: [{ entity: 'notes' }] })
      expect(JSON.stringify(problem)).not.toContain('theirs')
      expect((problem as { samples: unknown[] }).samples.length).toBe(1)
    })
  })
}
