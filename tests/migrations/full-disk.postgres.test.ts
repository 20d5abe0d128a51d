/** A disk that is full, in the middle of a backfill: told as such, gone on with when there is room, and nothing is lost. */
import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { renamedConvertedSplit } from './renamed-converted-split.ts'
import { makeSmallDisk, type SmallDisk } from './small-disk.ts'

const ROWS = 20_000
const MEBIBYTE = 1 << 20
const { before, after } = renamedConvertedSplit('crm')
const PEOPLE = '"backsaas_00000000000070008000000000000004".people'

let fixture: Fixture
let disk: SmallDisk | null = null
let tablespace = ''

beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [before] })
  const [[directory] = []] = await fixture.ownerQuery(`select current_setting('data_directory', true)`)
  disk = makeSmallDisk(directory ?? '', 24 * MEBIBYTE)
  if (!disk) return
  tablespace = `small_${crypto.randomUUID().slice(0, 8)}`
  await admin(`create tablespace ${tablespace} location '${disk.path}'`)
  await admin(`grant create on tablespace ${tablespace} to public`)
  await fixture.ownerQuery(`alter table ${PEOPLE} set tablespace ${tablespace}`)
  await fixture.ownerQuery(
    `insert into ${PEOPLE} (tenant_id, id, title, price, name, other)
     select '${fixture.tenants.acme.id}', gen_random_uuid(), 't' || i, i % 1000, 'a' || i || ' b' || i, 'o' from generate_series(1, ${ROWS}) i`,
  )
})
afterAll(async () => {
  const server = new URL(fixture.url ?? '')
  server.pathname = '/postgres'
  await fixture.close()
  if (tablespace) await admin(`drop tablespace ${tablespace}`, server.href)
  disk?.remove()
})

/** Alone, as tablespaces are made. */
async function admin(text: string, url: string = fixture.url ?? ''): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(text).finally(() => sql.end())
}

const status = async () => (await migrationStatus(fixture.database))[0]
const shown = async (version: number, select: string) =>
  (await fixture.tenants.acme.get(`/people?select=${select}&order=id&limit=5`, { 'schema-version': String(version) }))
    .rows

test('is told, leaves what was done, and is gone on with', async ({ skip }) => {
  if (!disk) return skip('no disk can be mounted here, or the server is elsewhere')
  await migrate(fixture.database, after, { run: { signal: AbortSignal.abort() } })
  const { id = '', token } = (await status()) ?? {}
  const seen = await shown(1, 'title,price,name,other')
  disk.fill(0.3 * MEBIBYTE)
  await expect(runMigration(fixture.database, id)).rejects.toMatchObject({
    code: 'DATABASE_FULL',
    status: 503,
    hint: expect.stringContaining('room'),
  })
  expect(await status()).toMatchObject({
    phase: 'backfill',
    state: 'failed',
    problem: { code: 'DATABASE_FULL', hint: expect.stringContaining('room') },
  })
  expect((await status())?.rows.done).toBeLessThan(ROWS)
  expect(await shown(1, 'title,price,name,other')).toEqual(seen)
  disk.makeRoom()
  await runMigration(fixture.database, id)
  expect(await status()).toMatchObject({ phase: 'live', problem: null })
  expect(await shown(1, 'title,price,name,other')).toEqual(seen)
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '' })
  const [row] = await fixture.ownerQuery(
    `select count(*)::text, count(*) filter (where first like 'a%' and last like 'b%' and price_2 is not null)::text from ${PEOPLE}`,
  )
  expect(row).toEqual([String(ROWS), String(ROWS)])
}, 60_000)
