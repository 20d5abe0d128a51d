/** Every example migration, end to end: both versions live, taken back, done again, and the contract; and what a linter says of its SQL. */
import { readFileSync } from 'node:fs'
import { migrate, migrationStatus, planSchema, planSql, rollbackMigration, runMigration } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { EXCLUDED, type Finding, isExcluded, lintSql, lintTransactions } from './lint-sql.ts'
import { type Recorded, recordStatements } from './record-statements.ts'
import { NAMES, read, readStory, type Shown, type Story, schemaOf, type Write } from './stories.ts'

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
    const play = actor(name)
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

const options = { decide: policies().access.decide }

function actor(name: string) {
  const profile = schemaOf(name)
  const { acme } = fixture.tenants
  const headers = (version: number): Record<string, string> => ({
    'schema-version': String(version),
    'accept-profile': profile,
    'content-profile': profile,
  })
  const get = (path: string, version: number) => acme.get(`/${path}`, headers(version))
  const write = async ({ as, post, patch, body, status }: Write, newer: number): Promise<void> => {
    const method = post === undefined ? 'PATCH' : 'POST'
    const answer = await acme.send(method, `/${post ?? patch}`, body, headers(as === 'old' ? 1 : newer))
    const what = `${method} ${post ?? patch} as ${as}: ${answer.text}`
    if (status === undefined) expect(answer.status, what).toBeLessThan(300)
    else expect(answer.status, what).toBe(status)
  }
  return {
    get,
    write,
    /** Publishes, or migrates until both versions serve. @returns the new version. */
    async forward({ published, blocked }: Story): Promise<number> {
      const planned = await planSchema(recorded.database, read(name, 'after'), options)
      expect(linted(lintSql(planSql(planned)))).toEqual([])
      const { plan } = planned
      const run = { giveUpAfterMs: 20_000, ...(plan && { token: plan.token }) }
      if (blocked) {
        const refused = migrate(recorded.database, read(name, 'after'), { ...options, run })
        await expect(refused).rejects.toMatchObject({
          code: 'MIGRATION_BLOCKED',
          details: { code: blocked.code, count: blocked.count },
        })
        await write({ as: 'old', ...blocked.mended_by }, 1)
      }
      const done = await migrate(recorded.database, read(name, 'after'), { ...options, run })
      expect(done.migration === undefined).toBe(published === true)
      return done.version
    },
    async sees(shown: Shown, newer: number): Promise<void> {
      for (const [side, paths] of Object.entries(shown)) {
        for (const [path, rows] of Object.entries(paths)) {
          const answer = await get(path, side === 'old' ? 1 : newer)
          expect(answer.status === 200 ? answer.rows : answer.text, `${side} ${path}`).toEqual(rows)
        }
      }
    },
    /** All rows of the older version, whole: `updated_at` and `revision` too. */
    async everything(version: number, { rows }: Story): Promise<unknown> {
      const entities = [...new Set(rows.flatMap((one) => Object.keys(one)))]
      return Promise.all(entities.map(async (entity) => (await get(`${entity}?order=id`, version)).rows))
    },
    async migration(): Promise<string> {
      const [status] = await migrationStatus(recorded.database, { schema: profile })
      return status?.id ?? ''
    },
    async checkTables({ parked = [], no_index }: Story): Promise<void> {
      for (const entity of parked) {
        const found = await fixture.ownerQuery(
          `select p.name, to_regclass(p.name) is not null from backsaas.parked_tables p
           join backsaas.migrations m on m.id = p.migration_id where m.schema_name = '${profile}' and p.entity = '${entity}'`,
        )
        expect(found.map(([, stands]) => stands)).toEqual(['t'])
      }
      if (no_index === undefined) return
      const left = await fixture.ownerQuery(
        `select indexname from pg_indexes where indexname like '%\\_${no_index}\\_%' and schemaname like 'backsaas%'`,
      )
      expect(left).toEqual([])
    },
  }
}
