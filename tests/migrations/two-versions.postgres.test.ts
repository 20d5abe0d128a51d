/** A rename, a conversion, a required field and a dropped one, on a database in use: both versions serve, and nothing is lost. */
import { migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { startWriters } from './writers.ts'

const BEFORE = `schema: crm
entities:
  people:
    fields:
      name: { type: string, required: true, max: 100 }
      price: { type: integer, required: true, min: 0 }
      nick: { type: string, max: 30 }
      note: { type: string }
      other: { type: string }
`
const AFTER = `schema: crm
entities:
  people:
    removed: [note]
    fields:
      full_name: { type: string, required: true, max: 100, renamed_from: name }
      price:
        type: decimal
        precision: 12
        scale: 2
        required: true
        min: 0
        convert: { up: "decimal(price) / decimal(100)", down: "int(price * decimal(100))" }
      nick: { type: string, max: 30, required: true, fill: { cel: "name" } }
      other: { type: string }
`

let fixture: Fixture

beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
})
afterEach(() => fixture.close())

async function migrationId(): Promise<string> {
  const [status] = await migrationStatus(fixture.database, { schema: 'crm' })
  return status?.id ?? ''
}

const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

describe('two versions of one schema', () => {
  test('serve side by side; the older one says when it ends, and is refused once it has', async () => {
    const { acme } = fixture.tenants
    const created = await acme.post('/people', { name: 'Ann', price: 1250 }, { prefer: 'return=representation' })
    const id = String(created.rows[0]?.id)
    await migrate(fixture.database, AFTER)
    const row = `/people?id=eq.${id}&select=`
    const newer = await acme.get(`${row}full_name,price,nick`, at(2))
    expect(newer.rows).toEqual([{ full_name: 'Ann', price: 12.5, nick: 'Ann' }])
    expect(newer.headers.get('deprecation')).toBeNull()
    const older = await acme.get(`${row}name,price,nick,note`, at(1))
    expect(older.rows).toEqual([{ name: 'Ann', price: 1250, nick: 'Ann', note: null }])
    expect(older.headers.get('deprecation')).toMatch(/^@\d+$/)
    expect(Date.parse(older.headers.get('sunset') ?? '')).toBeGreaterThan(Date.now())
    expect(older.headers.get('vary')).toContain('schema-version')

    expect((await acme.patch(`/people?id=eq.${id}`, { price: 999 }, at(1))).status).toBe(204)
    expect((await acme.get(`${row}price`, at(2))).rows).toEqual([{ price: 9.99 }])
    expect((await acme.patch(`/people?id=eq.${id}`, { price: 3.5 }, at(2))).status).toBe(204)
    expect((await acme.get(`${row}price`, at(1))).rows).toEqual([{ price: 350 }])

    const [status] = await migrationStatus(fixture.database)
    await runMigration(fixture.database, await migrationId(), { until: 'done', now: true, token: status?.token ?? '' })
    expect((await acme.get(`${row}price,full_name`)).rows).toEqual([{ price: 3.5, full_name: 'Ann' }])
    const gone = await acme.get(`${row}price`, at(1))
    expect([gone.status, gone.row.code]).toEqual([406, 'SCHEMA_VERSION_UNKNOWN'])
    expect((await acme.get(`${row}price`, at(2))).status).toBe(200)
  })

  test('an old client that touches another field overwrites nothing richer', async () => {
    const { acme } = fixture.tenants
    await migrate(fixture.database, AFTER)
    const body = { full_name: 'Bo', price: 1.25, nick: 'b' }
    const created = await acme.post('/people', body, { ...at(2), prefer: 'return=representation' })
    const id = String(created.rows[0]?.id)
    await acme.patch(`/people?id=eq.${id}`, { other: 'x' }, at(1))
    expect((await acme.get(`/people?id=eq.${id}&select=price,other`, at(2))).rows).toEqual([
      { price: 1.25, other: 'x' },
    ])
  })

  test('a token is needed for what is lost for good, and without it nothing is retired', async () => {
    await migrate(fixture.database, AFTER)
    const id = await migrationId()
    await expect(runMigration(fixture.database, id, { until: 'done', now: true })).rejects.toMatchObject({
      code: 'TOKEN_NEEDED',
      status: 409,
    })
    const wrong = runMigration(fixture.database, id, { until: 'done', now: true, token: 'wrong' })
    await expect(wrong).rejects.toMatchObject({ code: 'TOKEN_NEEDED' })
    const served = await fixture.tenants.acme.get('/people', at(1))
    expect(served.text).toBe('[]')
  })

  test('writers on both versions lose nothing, from before the first step to after the last', async () => {
    const { acme, globex } = fixture.tenants
    const writers = startWriters([acme, globex], 3)
    await writers.untilWritten(60)
    await migrate(fixture.database, AFTER)
    writers.live(2)
    await writers.untilWritten(150)
    const [status] = await migrationStatus(fixture.database)
    writers.retire()
    await runMigration(fixture.database, await migrationId(), { until: 'done', now: true, token: status?.token ?? '' })
    await writers.untilWritten(60)
    const { errors, acknowledged } = await writers.stop()
    expect(errors).toEqual([])
    expect(acknowledged).toBeGreaterThan(250)
    expect(await writers.differences()).toEqual([])
  })

  test('taken back under load, all is as older clients saw it', async () => {
    const { acme, globex } = fixture.tenants
    const before = await columns()
    const writers = startWriters([acme, globex], 2)
    await writers.untilWritten(60)
    await migrate(fixture.database, AFTER)
    writers.live(2)
    await writers.untilWritten(60)
    writers.goBack()
    await rollbackMigration(fixture.database, await migrationId())
    await writers.untilWritten(60)
    const { errors } = await writers.stop()
    expect(errors).toEqual([])
    expect(await writers.differences()).toEqual([])
    expect(await columns()).toEqual(before)
  })
})

/** Columns, constraints, triggers and indexes of the store. */
async function columns(): Promise<unknown> {
  const schema = `n.nspname = 'backsaas_00000000000070008000000000000004'`
  return [
    await fixture.ownerQuery(`select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where ${schema} and a.attnum > 0 and not a.attisdropped order by 1, 2`),
    await fixture.ownerQuery(`select c.conname::text, pg_get_constraintdef(c.oid), c.convalidated::text
      from pg_constraint c join pg_namespace n on n.oid = c.connamespace where ${schema} order by 1`),
    await fixture.ownerQuery(`select t.tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
      join pg_namespace n on n.oid = c.relnamespace where ${schema} and not t.tgisinternal order by 1`),
    await fixture.ownerQuery(
      `select p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${schema}`,
    ),
  ]
}
