/** No row of another tenant at any step of a migration, for any client and below the runtime (I8); and without a safeguard this is red. */
import { migrate, migrationStatus, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { type Mutant, withMutant } from './mutants.ts'
import { AFTER, BEFORE, HOOKS, type Watched, watchTenants } from './watch-tenants.ts'

const EACH = process.env.BACKSAAS_TORTURE === '1' ? 400 : 15
const LONG = { timeout: 60_000 }

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

const phase = async (): Promise<string | undefined> => (await migrationStatus(fixture.database))[0]?.phase

/** From the expansion to the end of the contract, by the migrator process, with everybody looking all the time. */
async function watched(mutant: Mutant): Promise<Watched> {
  const database = withMutant(fixture.database, mutant)
  const watch = await watchTenants(fixture)
  const migrations = await startMigrations(database, { intervalMs: 50, hooks: HOOKS })
  try {
    await watch.more(EACH)
    await migrate(database, AFTER, { run: { hooks: HOOKS, signal: AbortSignal.abort() } })
    await fixture.ownerQuery(`update backsaas.migrations set wanted = 'live'`)
    await expect.poll(phase, LONG).toBe('live')
    watch.serve(2, 1)
    await watch.more(2 * EACH)
    watch.serve(2, null)
    await watch.more(2)
    await fixture.ownerQuery(`update backsaas.migrations set wanted = 'done', hurried = true, confirmed = token`)
    await expect.poll(phase, LONG).toBe('done')
    await watch.more(EACH)
  } finally {
    await migrations.close()
  }
  return watch.stop()
}

test('each tenant sees and changes its own rows alone', async () => {
  const { leaks, looks, seen } = await watched({})
  expect(leaks).toEqual([])
  expect(looks).toBeGreaterThanOrEqual(8 * EACH)
  const places = ['changed as 1', 'changed as 2', 'read as 1', 'read as 2', 'changed all', 'notes read as 2']
  for (const place of [...places, 'people by the login', 'notes by the login']) {
    expect(seen[place], place).toBeGreaterThan(0)
  }
  // What the older version wrote has come over, each tenant's to itself.
  for (const [{ id }, mark] of [
    [fixture.tenants.acme, 'kkk'],
    [fixture.tenants.globex, 'zzz'],
  ] as const) {
    const store = '"backsaas_00000000000070008000000000000004"'
    const rows = await fixture.ownerQuery(
      `select count(*)::text, count(*) filter (where first like '${mark}%' and heading_or_title like '${mark}%')::text
       from (select *, title as heading_or_title from ${store}.people where tenant_id = '${id}') t`,
    )
    expect(rows).toEqual([['40', '40']])
  }
}, 120_000)

test.each<[string, Mutant]>([
  [
    'row security of a new table',
    { rewrite: (text) => (/^alter table .* (enable|force) row level security/.test(text) ? null : text) },
  ],
  [
    'the tenant when a hook reads a row',
    { rewrite: (text) => text.replace(/t\."?tenant_id"? = \(k\.row_key::json ->> 0\)::uuid and /, '') },
  ],
])(
  'without %s it is seen',
  async (_, mutant) => {
    const { leaks } = await watched(mutant)
    expect(leaks).not.toEqual([])
  },
  120_000,
)
