/** Every example migration, end to end: both versions live, taken back, done again, and the contract; and what a linter says of its SQL. */
import { readFileSync } from 'node:fs'
import { migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { EXCLUDED, type Finding, isExcluded, lintSql, lintTransactions } from './lint-sql.ts'
import { createActor, options } from './play-story.ts'
import { type Recorded, recordStatements } from './record-statements.ts'
import { NAMES, read, readStory, schemaOf } from './stories.ts'

let fixture: Fixture
let recorded: Recorded
/** All that the linter has found, of what it may find too. */
const found: Finding[] = []
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: NAMES.map((name) => read(name, 'before')) })
  recorded = recordStatements(fixture.database)
})
afterAll(() => fixture.close())

describe('the example', () => {
  test.each(NAMES)('%s', async (name) => {
    const story = readStory(name)
    const play = createActor(name, {
      fixture,
      database: recorded.database,
      lint: (sql) => expect(linted(lintSql(sql))).toEqual([]),
    })
    const begun = recorded.transactions.length
    for (const entities of story.rows) {
      for (const [entity, rows] of Object.entries(entities)) {
        for (const body of rows) await play.write({ as: 'old', post: entity, body }, 1)
      }
    }
    const untouched = story.blocked ? null : await play.everything(1, story)
    const newer = await play.forward(story)
    await play.sees(story.shows, newer)
    if (untouched !== null && !story.published) {
      await rollbackMigration(recorded.database, await play.migration())
      if (!story.in_place) expect(await play.everything(1, story)).toEqual(untouched)
    }
    const version = story.published || untouched === null ? newer : await play.forward(story)
    await play.sees(story.shows, version)
    for (const write of story.writes) await play.write(write, version)
    await play.sees(story.then, version)
    if (!story.published) {
      const [status] = await migrationStatus(recorded.database, { schema: schemaOf(name) })
      const token = status?.token ?? undefined
      const confirmed = token === undefined ? {} : { token }
      await runMigration(recorded.database, await play.migration(), { until: 'done', now: true, ...confirmed })
      await play.sees({ new: story.then.new ?? {} }, version)
      const gone = await play.get('people', 1)
      expect([gone.status, gone.row.code]).toEqual([406, 'SCHEMA_VERSION_UNKNOWN'])
    }
    for (const write of story.finally ?? []) await play.write(write, version)
    await play.checkTables(story)
    // Said again, it is nothing new.
    expect((await migrate(recorded.database, read(name, 'after'), options)).created).toBe(false)
    expect(linted(lintTransactions(recorded.transactions.slice(begun)))).toEqual([])
  })

  test('of every rule that the linter is not asked for there is one', () => {
    expect([...new Set(found.map(({ rule }) => rule))].toSorted()).toEqual(Object.keys(EXCLUDED).toSorted())
    const documented = readFileSync(new URL('../../docs/migrations.md', import.meta.url), 'utf8')
    expect(documented).toContain(`--exclude=${Object.keys(EXCLUDED).join(',')}\n`)
  })

  test.each([
    ['require-lock-timeout', 'begin; alter table t add column a bigint; commit;'],
    ['require-concurrent-index-creation', `begin; set local lock_timeout = '50ms'; create index i on t (a); commit;`],
    ['changing-column-type', `begin; set local lock_timeout = '50ms'; alter table t alter a type bigint; commit;`],
    [
      'constraint-missing-not-valid',
      `begin; set local lock_timeout = '50ms'; alter table t add check (a > 0); commit;`,
    ],
    [
      'adding-not-nullable-field',
      `begin; set local lock_timeout = '50ms'; alter table t alter a set not null; commit;`,
    ],
    ['syntax-error', 'alter table t all right;'],
  ])('a statement that should not be would be found: %s', (rule, sql) => {
    const wellBehaved = { sql: `begin;\nset local lock_timeout = '50ms';\nanalyze t;\ncommit;\n`, outside: false }
    const planted = linted(lintTransactions([wellBehaved, { sql, outside: false }]))
    expect(planted.map((one) => one.rule)).toContain(rule)
  })
})

/** What is left of it. */
function linted(findings: readonly Finding[]): readonly Finding[] {
  found.push(...findings.filter(isExcluded))
  return findings.filter((one) => !isExcluded(one))
}
