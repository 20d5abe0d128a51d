/** A range of a backfill: exactly its rows are written, and of the index no more is read than they take. */
import type { Connection, Result, Statement } from '@backsaas/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, SCOPE, type TestDatabase } from '../../test/open-databases.ts'
import { fillRange, nextRange, withinRange } from './backfill-statements.ts'
import { othersWrite } from './health.ts'

const KEY = [
  { column: 'tenant_id', type: 'uuid' },
  { column: 'id', type: 'uuid' },
] as const
const [A, B] = ['018f0000-0000-7000-8000-00000000000a', '018f0000-0000-7000-8000-00000000000b']
const ROWS = 60_000
const id = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`
const at = (tenant: string, n: number): string => JSON.stringify([tenant, id(n)])

let db: TestDatabase
beforeAll(async () => {
  db = await openPostgres()
  await db.sql(`create table t (tenant_id uuid, id uuid, n int, seen int default 0, primary key (tenant_id, id))`)
  await db.sql(`insert into t select '${A}', lpad(i::text, 32, '0')::uuid, i from generate_series(1, ${ROWS}) i`)
  await db.sql(`insert into t select '${B}', lpad(i::text, 32, '0')::uuid, i from generate_series(1, 10) i`)
  await db.sql('analyze t')
})
afterAll(() => db.close())

/** Runs statements of the backfill with their parameters in place. */
const connection: Connection = {
  async batch(statements: readonly Statement[]) {
    const results: Result[] = []
    for (const { text, params } of statements) {
      const rows = await db.sql(placed(text, params))
      results.push({ rows, count: rows.length })
    }
    return results
  },
}

function placed(text: string, params: Statement['params']): string {
  return text.replaceAll(/\$(\d+)/g, (_, n: string) => `'${params[Number(n) - 1]}'`)
}

async function fill(from: string | null, last: string): Promise<readonly string[]> {
  const backfill = {
    entity: 't',
    table: 't',
    key: KEY,
    keyFields: [],
    set: 'seen = seen + 1',
    where: 'true',
    values: [],
  } as const
  await db.sql('update t set seen = 0 where seen > 0')
  await connection.batch(fillRange({ ...backfill, action: 'update' }, from, last))
  const rows = await db.sql('select right(tenant_id::text, 1) || n from t where seen = 1 order by tenant_id, id')
  return rows.map(([row]) => String(row))
}

test.each([
  ['inside a tenant', at(A, 10), at(A, 13), ['a11', 'a12', 'a13']],
  ['over the end of one', at(A, ROWS - 1), at(B, 2), [`a${ROWS}`, 'b1', 'b2']],
  ['to the end of one', at(A, ROWS - 1), at(A, ROWS), [`a${ROWS}`]],
  ['from the beginning', null, at(A, 2), ['a1', 'a2']],
  ['of nothing', at(A, 10), at(A, 10), []],
])('%s', async (_, from, last, written) => {
  expect(await fill(from, last)).toEqual(written)
})

test.each([
  ['as many as are asked for, where that has a digit more', null, 1000, at(A, 1000), 1000],
  ['after a row', at(A, 10), 25, at(A, 35), 25],
  ['over the end of a tenant', at(A, ROWS - 1), 3, at(B, 2), 3],
  ['those that are left', at(A, ROWS - 5), 1000, at(B, 10), 15],
  ['one', at(B, 9), 1, at(B, 10), 1],
])('the next rows: %s', async (_, from, size, last, rows) => {
  const range = await nextRange(connection, { table: 't', key: KEY }, from, size)
  expect(range?.rows).toBe(rows)
  expect(JSON.parse(range?.last ?? '')).toEqual(JSON.parse(last))
})

test('there are none after the last', async () => {
  expect(await nextRange(connection, { table: 't', key: KEY }, at(B, 10), 100)).toBe(null)
})

test('a range inside a large tenant reads its own rows, and not the rest of the tenant', async () => {
  const { text, params } = withinRange(KEY, at(A, 10), at(A, 20))
  const rows = await db.sql(`explain (analyze, buffers, format json) select 1 from t where ${placed(text, params)}`)
  const [plan] = JSON.parse(rows.map(([row]) => row).join('\n'))
  expect(plan.Plan['Actual Rows']).toBe(10)
  expect(plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks']).toBeLessThan(20)
})

test('whoever writes the table is seen until the end of the transaction, and whoever reads it is not', async () => {
  const asked = async (): Promise<unknown> => (await connection.batch([othersWrite('t')]))[0]?.rows[0]?.[0]
  const run = (text: string): Statement => ({ text, params: [] })
  expect(await asked()).toBe('false')
  await db.database.open(SCOPE, 'owner').transaction?.(async (other) => {
    await other.batch([run('select from t limit 1')])
    expect(await asked()).toBe('false')
    await other.batch([run('update t set seen = 0 where n = 1')])
    expect(await asked()).toBe('true')
  })
  expect(await asked()).toBe('false')
  expect.assertions(4)
})

test('whoever asks is none of the others, though it has written the table itself', async () => {
  const own = db.database.open(SCOPE, 'owner')
  const write: Statement = { text: 'update t set seen = 0 where n = 1', params: [], prepare: false }
  const [, result] = await own.batch([write, othersWrite('t')])
  expect(result?.rows).toEqual([['false']])
})
