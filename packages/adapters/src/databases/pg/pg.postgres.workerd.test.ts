import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseSuite } from '../../testing/database-suite.ts'
import { SCOPE, sql } from '../../testing/subject.ts'
import { pg } from './pg.ts'

const name = `bs_test_${crypto.randomUUID().slice(0, 13).replace('-', '')}`
const admin = pg(process.env.POSTGRES_URL)
const url = new URL(process.env.POSTGRES_URL ?? '')
url.pathname = `/${name}`

async function run(text: string): Promise<void> {
  await admin.open(SCOPE, 'owner').batch([{ ...sql(text), prepare: false }])
}

beforeAll(() => run(`create database ${name}`))
afterAll(() => run(`drop database ${name} with (force)`))

databaseSuite('pg in workerd', async () => pg(url.href))

test('each scope has a connection of its own, and one alone', async () => {
  const database = pg(url.href)
  const pid = async (scope: typeof SCOPE) => {
    const results = await database.open(scope, 'owner').batch([sql('select pg_backend_pid()'), sql('select 1')])
    return results[0]?.rows[0]?.[0]
  }
  const [first, second] = [{ ...SCOPE }, { ...SCOPE }]
  const pids = await Promise.all([pid(first), pid(first), pid(second)])
  expect(pids[0]).toBe(pids[1])
  expect(pids[0]).not.toBe(pids[2])
  expect(await pid(first)).toBe(pids[0])
})
