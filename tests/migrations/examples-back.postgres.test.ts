/** Every example that is a migration, taken back when clients of both versions have written: older clients keep what they saw, and go on. */
import { migrate, rollbackMigration } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { createActor, options } from './play-story.ts'
import { NAMES, read, readStory } from './stories.ts'

const MIGRATIONS = NAMES.filter((name) => !readStory(name).published)

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: MIGRATIONS.map((name) => read(name, 'before')) })
})
afterAll(() => fixture.close())

test.each(MIGRATIONS)('%s', async (name) => {
  const story = readStory(name)
  const play = createActor(name, { fixture })
  for (const entities of story.rows) {
    for (const [entity, rows] of Object.entries(entities)) {
      for (const body of rows) await play.write({ as: 'old', post: entity, body }, 1)
    }
  }
  const newer = await play.forward(story)
  for (const write of story.writes) await play.write(write, newer)
  const seen = await play.everything(1, story)
  await rollbackMigration(fixture.database, await play.migration())
  expect(await play.everything(1, story)).toEqual(seen)
  await play.sees({ old: story.then.old ?? {} }, newer)
  expect((await play.get('people', newer)).status).toBe(406)
  // Nothing is left that older clients would stumble over.
  const again = story.writes.filter(({ as, patch, status }) => as === 'old' && patch && status === undefined)
  for (const write of again) await play.write(write, newer)
  expect(await fixture.ownerQuery('select conname::text from pg_constraint where not convalidated')).toEqual([])
  expect((await migrate(fixture.database, read(name, 'before'), options)).created).toBe(false)
})
