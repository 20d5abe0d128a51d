/** An error is the server's first one, told in full, and leaves nothing behind. */
import { DatabaseError, type Result, type Statement } from '@backsaas/core'
import { expect, test } from 'vitest'
import { type Subject, sql } from './subject.ts'

export function failureTests(subject: () => Subject): void {
  const { batch, failure, names } = using(subject)

  test('errors carry the SQLSTATE and what they are about', async () => {
    await batch(add(1, 'taken'))
    const unique = await failure(add(2, 'taken'))
    expect(unique).toMatchObject({ code: '23505', status: 500 })
    expect(unique.fields).toMatchObject({ sqlState: '23505', constraint: 'items_name_unique', table: 'items' })
    expect(unique.fields.serverDetail).toContain('(name)=(taken)')
    const missing = await failure(sql('insert into contract_suite.items values (3, null)'))
    expect(missing.fields).toMatchObject({ sqlState: '23502', table: 'items', column: 'name' })
    const check = await failure(sql("insert into contract_suite.items values (3, 'c', 0)"))
    expect(check.fields).toMatchObject({ sqlState: '23514', constraint: 'items_amount_positive' })
    expect((await failure(sql('selec 1'))).code).toBe('42601')
    expect((await failure(sql('select $1::int', 'one'))).code).toBe('22P02')
    expect((await failure(sql('select no_column from contract_suite.items'))).code).toBe('42703')
    expect((await failure(sql('select 1 from contract_suite.nothing'))).code).toBe('42P01')
  })

  test('a batch with an error in it keeps nothing, wherever the error is', async () => {
    const wrong = [sql('select 1/$1::int', '0'), sql('select nonsense'), sql('select $1::date', 'x'), add(1, 'twice')]
    for (const statement of wrong) {
      const others = [add(1, 'twice'), add(2)]
      for (let place = 0; place <= others.length; place++) {
        await failure(...others.toSpliced(place, 0, statement))
        expect(await names()).toEqual([])
      }
    }
  })

  test('the first error is told, never that the transaction is aborted (25P02)', async () => {
    for (let use = 1; use <= 3; use++) {
      const error = await failure(add(1), sql('select 1/$1::int', '0'), sql('select nonsense'), add(1), add(2))
      expect(error.code).toBe('22012')
    }
  })

  test('after an error the connection is as good as new', async () => {
    const errors = Array.from({ length: 40 }, (_, index) =>
      failure(sql("select set_config('contract.suite', 'left', true)"), add(index), sql('select 1/0')),
    )
    expect((await Promise.all(errors)).map((error) => error.code)).toEqual(errors.map(() => '22012'))
    const looks = Array.from({ length: 40 }, () =>
      batch(
        sql(
          "select coalesce(current_setting('contract.suite', true), '') || (select count(*) from contract_suite.items)",
        ),
      ),
    )
    for (const [result] of await Promise.all(looks)) expect(result?.rows).toEqual([['0']])
  })

  test('a constraint that fails at COMMIT fails the batch', async () => {
    const error = await failure(add(1), sql('insert into contract_suite.parts values (99)'))
    expect(error.fields).toMatchObject({ sqlState: '23503', constraint: 'parts_item_reference' })
    expect(await names()).toEqual([])
  })
}

/** What is refused, by the server or before it is sent. */
export function refusalTests(subject: () => Subject): void {
  const { batch, failure, names } = using(subject)

  test('one statement is one: a second in its text is refused', async () => {
    for (const prepare of [true, false]) {
      const two = { ...sql("insert into contract_suite.items values (1, 'a'); select 1"), prepare }
      expect((await failure(two)).code).toBe('42601')
    }
    expect(await names()).toEqual([])
  })

  test('text that Postgres cannot hold is refused, and nothing of its batch is kept', async () => {
    for (const text of ['a\0b', 'half \ud83d of a pair']) {
      expect((await failure(add(1), sql('select $1::text', text), add(2))).code).toBe('22021')
      expect(await names()).toEqual([])
    }
    expect((await failure(sql('select 1 \0'))).code).toBe('22021')
  })

  test('a parameter that is not text is refused before anything is sent', async () => {
    const wrong = [1, true, undefined, { a: 1 }] as unknown as string[] // what a caller without types might give
    for (const value of wrong) {
      await expect(batch(add(1), sql('select $1', value))).rejects.toMatchObject({ code: 'INTERNAL' })
    }
    expect(await names()).toEqual([])
  })

  test('too few and too many parameters are the server’s error, and harm nobody', async () => {
    for (const params of [['1'], ['1', '2', '3']]) {
      const error = await failure(add(1), sql('select $1::int, $2::int', ...params), add(2))
      expect(error.code).toMatch(/^(XX000|42P18)$/)
    }
    expect(await names()).toEqual([])
  })
}

const add = (id: number, name = `n${id}`): Statement =>
  sql('insert into contract_suite.items values ($1, $2)', `${id}`, name)

interface Using {
  batch(...statements: Statement[]): Promise<readonly Result[]>
  /** The error of a batch, which must have one. */
  failure(...statements: Statement[]): Promise<DatabaseError>
  /** The names of all items. */
  names(): Promise<readonly (string | null | undefined)[] | undefined>
}

function using(subject: () => Subject): Using {
  const batch: Using['batch'] = (...statements) => subject().connection.batch(statements)
  return {
    batch,
    async failure(...statements) {
      const error = await batch(...statements).then(
        () => new Error('the batch has succeeded'),
        (thrown: unknown) => thrown,
      )
      if (!(error instanceof DatabaseError)) throw error
      return error
    },
    async names() {
      const [result] = await batch(sql('select name from contract_suite.items order by id'))
      return result?.rows.map((row) => row[0])
    },
  }
}
