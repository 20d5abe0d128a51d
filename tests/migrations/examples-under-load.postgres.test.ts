/**
 * Every kind of change under clients that write on all versions that serve: until both do, taken back, done again, and to its end. Nothing
 * is refused, nothing is lost, and each version shows what was acknowledged by whichever (I1, I2).
 */
import { migrate, migrationStatus, planSchema, rollbackMigration, runMigration } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller, HeaderValues } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import './figures.ts'
import { startLedger } from './ledger.ts'
import { FULL, TRANSACTIONS } from './sizes.ts'
import { NAMES, read, readStory, type Story, schemaOf, subjectOf } from './stories.ts'

/** Acknowledged in each part of a story: there are six. */
const EACH = Math.ceil(TRANSACTIONS / 2 / NAMES.length / 6)
const HOUR_MS = 3_600_000
const options = { decide: policies().access.decide }

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: NAMES.map((name) => read(name, 'before')) })
})
afterAll(() => fixture.close())

describe('under load', () => {
  test.for(NAMES)('%s', { timeout: HOUR_MS }, async (name, { task }) => {
    const story = readStory(name)
    const schema = schemaOf(name)
    const headers = { 'accept-profile': schema, 'content-profile': schema }
    const { acme, globex } = fixture.tenants
    for (const caller of [acme, globex]) await addReferenced(story, caller, headers)
    let richer = story.published === true
    const ledger = startLedger(
      subjectOf(story, () => richer),
      [acme, globex],
      { each: FULL ? 4 : 2, headers },
    )
    try {
      await ledger.more(EACH)
      if (!story.published) {
        ledger.turn('both', await forward(name))
        await ledger.more(EACH)
        ledger.turn('old', 1)
        await rollbackMigration(fixture.database, (await statusOf(schema)).id)
        await ledger.more(EACH)
        richer = true
      }
      const version = await forward(name)
      ledger.turn('both', version)
      await ledger.more(story.published ? 4 * EACH : 2 * EACH)
      ledger.turn('new', version)
      if (!story.published) {
        const { id, token } = await statusOf(schema)
        await runMigration(fixture.database, id, { until: 'done', now: true, token })
      }
      await ledger.more(EACH)
    } finally {
      await ledger.stop()
    }
    const { errors, acknowledged } = await ledger.stop()
    task.meta.figures = { transactions: acknowledged, errors: errors.length }
    expect(errors).toEqual([])
    expect(acknowledged).toBeGreaterThanOrEqual(6 * EACH)
    expect(await ledger.differences()).toEqual([])
  })
})

/** What rows refer to. */
async function addReferenced({ rows }: Story, caller: Caller, headers: HeaderValues): Promise<void> {
  for (const firm of rows.flatMap(({ firms = [] }) => firms)) {
    expect((await caller.post('/firms', firm, headers)).status).toBe(201)
  }
}

/** Publishes, or migrates until both versions serve. @returns the new version. */
async function forward(name: string): Promise<number> {
  const document = read(name, 'after')
  const { plan } = await planSchema(fixture.database, document, options)
  const done = await migrate(fixture.database, document, { ...options, ...(plan && { run: { token: plan.token } }) })
  return done.version
}

async function statusOf(schema: string): Promise<{ id: string; token: string }> {
  const [status] = await migrationStatus(fixture.database, { schema })
  return { id: status?.id ?? '', token: status?.token ?? '' }
}
