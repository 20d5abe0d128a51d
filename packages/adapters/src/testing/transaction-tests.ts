/** Transactions with decisions between their statements, and scripts without any: for logins that may. */
import type { Statement } from '@backsaas/core'
import { expect, test } from 'vitest'
import { type Subject, sql } from './subject.ts'

export function transactionTests(subject: () => Subject): void {
  test('a transaction commits when its work resolves, and answers its value', async ({ skip }) => {
    const { transaction } = subject().connection
    if (!transaction) return skip('this login has no transactions')
    const value = await transaction(async (inner) => {
      const [result] = await inner.batch([add(1)])
      if (result?.count === 1) await inner.batch([add(2), add(3)])
      expect(await inner.batch([])).toEqual([])
      return 'value'
    })
    expect(value).toBe('value')
    expect(await ids(subject())).toEqual([1, 2, 3])
  })

  test('a transaction rolls back when its work rejects, and tells why', async ({ skip }) => {
    const { transaction } = subject().connection
    if (!transaction) return skip('this login has no transactions')
    const reason = new Error('changed my mind')
    const work = transaction(async (inner) => {
      await inner.batch([add(1)])
      throw reason
    })
    await expect(work).rejects.toBe(reason)
    expect(await ids(subject())).toEqual([])
  })

  test('an error that the work hides still fails the transaction, and is the one that is told', async ({ skip }) => {
    const { transaction } = subject().connection
    if (!transaction) return skip('this login has no transactions')
    const codes: unknown[] = []
    const work = transaction(async (inner) => {
      await inner.batch([add(1)])
      for (const text of ['select 1/0', 'select 1']) {
        await inner.batch([sql(text)]).catch((error: { code: string }) => codes.push(error.code))
      }
      return 'as if nothing had happened'
    })
    await expect(work).rejects.toMatchObject({ code: '22012' })
    expect(codes).toEqual(['22012', '22012'])
    expect(await ids(subject())).toEqual([])
  })

  test('statements of a transaction that are given at once run in order', async ({ skip }) => {
    const { transaction } = subject().connection
    if (!transaction) return skip('this login has no transactions')
    await transaction(async (inner) => {
      await Promise.all([inner.batch([add(1)]), inner.batch([add(2)]), inner.batch([add(3), add(4)])])
    })
    expect(await ids(subject())).toEqual([1, 2, 3, 4])
  })

  test('a transaction’s connection is of no use after its end', async ({ skip }) => {
    const { transaction } = subject().connection
    if (!transaction) return skip('this login has no transactions')
    const inner = await transaction(async (connection) => connection)
    await expect(inner.batch([add(1)])).rejects.toMatchObject({ code: 'TRANSACTION_OVER' })
    expect(await ids(subject())).toEqual([])
  })
}

export function scriptTests(subject: () => Subject): void {
  test('a script runs each statement by itself: what precedes an error stays', async ({ skip }) => {
    const { script } = subject().connection
    if (!script) return skip('this login has no scripts')
    await expect(script([add(1), add(1), add(2)])).rejects.toMatchObject({ code: '23505' })
    expect(await ids(subject())).toEqual([1])
    const results = await script([add(3), sql('select count(*) from contract_suite.items')])
    expect(results[1]?.rows).toEqual([['2']])
  })

  test('a script runs what Postgres refuses within a transaction', async ({ skip }) => {
    const { script } = subject().connection
    if (!script) return skip('this login has no scripts')
    const vacuum = { ...sql('vacuum contract_suite.items'), prepare: false }
    await expect(subject().connection.batch([vacuum, vacuum])).rejects.toMatchObject({ code: '25001' })
    expect(await script([vacuum, vacuum])).toHaveLength(2)
  })
}

const add = (id: number): Statement => sql('insert into contract_suite.items values ($1, $2)', `${id}`, `n${id}`)

async function ids({ connection }: Subject): Promise<readonly number[] | undefined> {
  const [result] = await connection.batch([sql('select id from contract_suite.items order by id')])
  return result?.rows.map((row) => Number(row[0]))
}
