/** Plays the story of an example migration: as clients of both versions, and as whoever migrates. */
import type { Database } from '@backsaas/core'
import { type Decide, migrate, migrationStatus, planSchema, planSql } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { expect } from 'vitest'
import type { Fixture } from '../fixture/start-fixture.ts'
import { read, type Shown, type Story, schemaOf, type Write } from './stories.ts'

export const options: { readonly decide: Decide } = { decide: policies().access.decide }

interface Stage {
  readonly fixture: Fixture
  /** The migrator's; the fixture's own unless given. */
  readonly database?: Database
  readonly lint?: (sql: ReturnType<typeof planSql>) => void
}

export interface Actor {
  get(path: string, version: number): ReturnType<Fixture['tenants']['acme']['get']>
  write(write: Write, newer: number): Promise<void>
  /** Publishes, or migrates until both versions serve. @returns the new version. */
  forward(story: Story): Promise<number>
  sees(shown: Shown, newer: number): Promise<void>
  /** All rows of a version, whole: `updated_at` and `revision` too. */
  everything(version: number, story: Story): Promise<unknown>
  /** The newest one's id. */
  migration(): Promise<string>
  checkTables(story: Story): Promise<void>
}

/**
 * @param lint told the SQL of a plan before it runs.
 */
export function createActor(
  name: string,
  { fixture, database = fixture.database, lint = () => undefined }: Stage,
): Actor {
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
    async forward({ published, blocked }: Story): Promise<number> {
      const planned = await planSchema(database, read(name, 'after'), options)
      lint(planSql(planned))
      const { plan } = planned
      const run = { giveUpAfterMs: 20_000, ...(plan && { token: plan.token }) }
      if (blocked) {
        const refused = migrate(database, read(name, 'after'), { ...options, run })
        await expect(refused).rejects.toMatchObject({
          code: 'MIGRATION_BLOCKED',
          details: { code: blocked.code, count: blocked.count },
        })
        await write({ as: 'old', ...blocked.mended_by }, 1)
      }
      const done = await migrate(database, read(name, 'after'), { ...options, run })
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
    async everything(version: number, { rows }: Story): Promise<unknown> {
      const entities = [...new Set(rows.flatMap((one) => Object.keys(one)))]
      return Promise.all(entities.map(async (entity) => (await get(`${entity}?order=id`, version)).rows))
    },
    async migration(): Promise<string> {
      const [status] = await migrationStatus(database, { schema: profile })
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
