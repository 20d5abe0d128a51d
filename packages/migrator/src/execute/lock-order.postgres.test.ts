/** What holds up who uses a table is the change of the table alone: it comes last, and the disk is waited for afterwards. */
import type { Connection, Database, Login, Scope, Statement } from '@backsaas/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../../test/open-databases.ts'
import { shop } from '../../test/schemas.ts'
import { migrate, rollbackMigration } from '../index.ts'

let db: TestDatabase
beforeEach(async () => {
  db = await openPostgres()
  await migrate(db.database, shop())
})
afterEach(() => db.close())

const LOCKING = /^\s*(?:alter table|create (?:or replace )?trigger|drop trigger)/i
/** What belongs to it. */
const OF_THE_CHANGE = /^\s*(?:alter|create|drop|comment|grant|revoke|set local lock_timeout)/i
const UNFLUSHED = 'set local synchronous_commit = off'

/** The same, telling the texts of each interactive transaction in order. */
function recorded(database: Database): { readonly database: Database; readonly transactions: string[][] } {
  const transactions: string[][] = []
  const open = (scope: Scope, login?: Login): Connection => {
    const connection = database.open(scope, login)
    return {
      ...connection,
      batch: (statements, hints) => connection.batch(statements, hints),
      async transaction(run) {
        const texts: string[] = []
        transactions.push(texts)
        const inner = (one: Connection): Connection => ({
          ...one,
          batch(statements: readonly Statement[]) {
            texts.push(...statements.map(({ text }) => text))
            return one.batch(statements)
          },
        })
        if (!connection.transaction) throw new Error('not interactive')
        return connection.transaction((one) => run(inner(one)))
      },
    }
  }
  return { database: Object.assign(Object.create(database), { open }) as Database, transactions }
}

function locking(transactions: readonly string[][]): readonly string[][] {
  return transactions.filter((texts) => texts.some((text) => LOCKING.test(text)))
}

/** From the first lock on. */
function underTheLock(texts: readonly string[]): readonly string[] {
  return texts.slice(texts.findIndex((text) => LOCKING.test(text)))
}

test('of a version that is published at once, installs move before the tables are locked', async () => {
  const { database, transactions } = recorded(db.database)
  await migrate(database, shop('      phone: { type: string, max: 5 }'))
  const all = locking(transactions)
  expect(all.length).toBeGreaterThan(0)
  for (const texts of all) expect(underTheLock(texts).filter((text) => !OF_THE_CHANGE.test(text))).toEqual([])
  expect(all.flat().some((text) => /update .*schema_installs|update .*installs/is.test(text))).toBe(true)
})

test('a step of a migration, and of the way back, writes its place before, and waits for the disk after', async () => {
  const { database, transactions } = recorded(db.database)
  const next = shop().replace(
    'age: { type: integer, min: 0 }',
    'age: { type: string, convert: { up: string(age), down: int(age) } }',
  )
  const { migration } = await migrate(database, next)
  const forth = locking(transactions)
  await rollbackMigration(database, migration?.id ?? '')
  const all = locking(transactions)
  expect(forth.length).toBeGreaterThan(0)
  expect(all.length).toBeGreaterThan(forth.length)
  for (const texts of all) {
    expect(underTheLock(texts).filter((text) => !OF_THE_CHANGE.test(text))).toEqual([])
    expect(texts.indexOf(UNFLUSHED)).toBeGreaterThan(0)
    // What comes next is the guard alone, and is flushed.
    expect(transactions[transactions.indexOf(texts) + 1]?.join()).not.toContain(UNFLUSHED)
  }
})
