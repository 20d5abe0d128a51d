/** What every `Database` must do. */
import type { Connection, Database, Login, Statement } from '@backsaas/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureTests, refusalTests } from './failure-tests.ts'
import { listenTests } from './listen-tests.ts'
import { SCOPE, type Subject, sql } from './subject.ts'
import { scriptTests, transactionTests } from './transaction-tests.ts'
import { valueTests } from './value-tests.ts'

export interface DatabaseSuiteOptions {
  /** Whose connection is tested; default `owner`. Another one must be set up by `open`. */
  readonly login?: Login
}

/**
 * Declares the contract's tests. They own the schema `contract_suite` of the database that `open` answers, whose
 * `owner` login must work; `close` ends it.
 *
 * @example databaseSuite('postgres', async () => postgres(process.env.DATABASE_URL))
 */
export function databaseSuite(
  name: string,
  open: () => Promise<Database>,
  { login = 'owner' }: DatabaseSuiteOptions = {},
): void {
  describe(`${name}, as ${login}`, () => {
    let subject: Subject
    let owner: Connection

    beforeAll(async () => {
      const database = await open()
      owner = database.open(SCOPE, 'owner')
      subject = { database, connection: database.open(SCOPE, login) }
      for (const text of SET_UP) await owner.batch([{ text, params: [], prepare: false }])
    })
    beforeEach(async () => {
      await owner.batch([sql('truncate contract_suite.items, contract_suite.parts, contract_suite.counters')])
    })
    afterAll(async () => subject.database.close?.())

    valueTests(() => subject)
    batchTests(() => subject)
    failureTests(() => subject)
    refusalTests(() => subject)
    transactionTests(() => subject)
    scriptTests(() => subject)
    listenTests(() => subject, login)
    closeTest(open, login)
  })
}

const SET_UP = [
  'drop schema if exists contract_suite cascade',
  'create schema contract_suite',
  `create table contract_suite.items (
    id int constraint items_key primary key,
    name text not null constraint items_name_unique unique,
    amount int constraint items_amount_positive check (amount > 0)
  )`,
  `create table contract_suite.parts (
    item int constraint parts_item_reference references contract_suite.items deferrable initially deferred
  )`,
  'create table contract_suite.counters (id int primary key, value int not null)',
  'grant usage on schema contract_suite to public',
  'grant select, insert, update, delete on all tables in schema contract_suite to public',
]

function batchTests(subject: () => Subject): void {
  const batch = (...statements: Statement[]) => subject().connection.batch(statements)

  test('statements run in order and see what those before them wrote', async () => {
    const results = await batch(
      sql('insert into contract_suite.items values ($1, $2), ($3, $4)', '1', 'a', '2', 'b'),
      sql('update contract_suite.items set name = name || $1 where id = $2', '!', '2'),
      sql('select id, name from contract_suite.items order by id'),
      sql('delete from contract_suite.items'),
    )
    expect(results).toEqual([
      { rows: [], count: 2 },
      { rows: [], count: 1 },
      {
        rows: [
          ['1', 'a'],
          ['2', 'b!'],
        ],
        count: 2,
      },
      { rows: [], count: 2 },
    ])
  })

  test('an empty batch answers nothing, an empty statement no rows', async () => {
    expect(await batch()).toEqual([])
    expect(await batch(sql(''))).toEqual([{ rows: [], count: 0 }])
  })

  test('a statement answers the same prepared and not, for the first time and again', async () => {
    for (const prepare of [true, false, true, false]) {
      const results = await batch({ ...sql('select $1::int + 1', '41'), prepare }, { ...sql('select 1'), prepare })
      expect(results.map((result) => result.rows)).toEqual([[['42']], [['1']]])
    }
  })

  test('a long batch is one transaction', async () => {
    const many = Array.from({ length: 250 }, () => sql('select pg_current_xact_id()::text'))
    const results = await batch(...many)
    expect(results).toHaveLength(250)
    expect(new Set(results.map((result) => result.rows[0]?.[0])).size).toBe(1)
  })

  test('200 batches at once are each atomic and lose nothing', async () => {
    await batch(sql('insert into contract_suite.counters values (1, 0)'))
    const add = sql('update contract_suite.counters set value = value + 1 where id = $1 returning value', '1')
    const all = await Promise.all(Array.from({ length: 200 }, () => batch(add, add)))
    const values = all.flatMap((results) => results.map((result) => Number(result.rows[0]?.[0])))
    expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
    for (let index = 0; index < values.length; index += 2) expect(values[index + 1]).toBe((values[index] ?? 0) + 1)
  })

  test('a transaction-local setting reaches the later statements of its batch, and no other batch', async () => {
    const set = sql("select set_config('contract.suite', $1, true)", 'mine')
    const get = sql("select current_setting('contract.suite', true)")
    const [, seen] = await batch(set, get)
    expect(seen?.rows).toEqual([['mine']])
    await batch(set)
    for (const [result] of await Promise.all(Array.from({ length: 20 }, () => batch(get)))) {
      expect(result?.rows[0]?.[0] || null).toBeNull()
    }
  })

  test('a batch is read committed', async () => {
    const [, result] = await batch(sql('select 1'), sql('show transaction_isolation'))
    expect(result?.rows).toEqual([['read committed']])
  })
}

function closeTest(open: () => Promise<Database>, login: Login): void {
  test('close waits for what was given, refuses what comes after, and can be called twice', async () => {
    const database = await open()
    const connection = database.open(SCOPE, login)
    const slow = sql('select pg_sleep(0.02)::text, $1::text', 'done')
    const given = Array.from({ length: 30 }, () => connection.batch([slow, slow]))
    const closed = Promise.all([database.close?.(), database.close?.()])
    for (const results of await Promise.all(given)) expect(results[1]?.rows[0]?.[1]).toBe('done')
    await closed
    await expect(connection.batch([slow])).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', status: 503 })
  })
}
