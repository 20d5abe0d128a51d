import { describe, expect, test } from 'vitest'
import { type ServerTools, serverSuite } from '../../../test/server-suite.ts'
import { databaseSuite } from '../../testing/database-suite.ts'
import { SCOPE, sql } from '../../testing/subject.ts'
import { pg } from './pg.ts'

serverSuite('pg', pg, sharing)

/** Connections that several requests use at once. */
function sharing({ fresh, open, ask }: ServerTools): void {
  describe('sharing', () => {
    test('the runtime’s batches share one, and are atomic all the same', async () => {
      const connection = open({ max: 1 }).open(SCOPE)
      await fresh().query(`create table public.shared (n int); grant select, insert on public.shared to public`)
      const add = sql('insert into public.shared values ($1)', '1')
      const count = sql('select count(*) - 2 * (count(*) / 2) from public.shared')
      const work = Array.from({ length: 100 }, (_, index) =>
        index % 3 === 0
          ? connection.batch([add, sql('select 1/0'), add]).catch((error: { code: string }) => error.code)
          : connection.batch([add, add, count]).then(([, , result]) => result?.rows[0]?.[0]),
      )
      expect(await Promise.all(work)).toEqual(work.map((_, index) => (index % 3 === 0 ? '22012' : '0')))
      expect(await ask(connection, 'select count(*) from public.shared')).toBe('132')
    })

    test('a slow batch holds up those behind it on its connection, and not the other connections', async () => {
      const connection = open({ max: 2 }).open(SCOPE)
      const done: string[] = []
      const slow = ask(connection, 'select pg_sleep(1)').then(() => done.push('slow'))
      for (let index = 0; index < 10; index++) await ask(connection, 'select 1').then(() => done.push('quick'))
      await slow
      expect(done).toEqual([...Array.from({ length: 10 }, () => 'quick'), 'slow'])
    })

    test('a statement that cannot be parsed says why to everyone who sent it at once', async () => {
      const connection = open({ max: 1 }).open(SCOPE)
      for (let round = 0; round < 3; round++) {
        const all = Array.from({ length: 20 }, () => ask(connection, 'select nothing from public.no_such_table'))
        const codes = (await Promise.allSettled(all)).map((one) => one.status === 'rejected' && one.reason.code)
        expect(new Set(codes)).toEqual(new Set(['42P01']))
      }
      await fresh().query('create table public.no_such_table (nothing int)')
      await fresh().query('grant select on public.no_such_table to public')
      await Promise.all(Array.from({ length: 20 }, () => ask(connection, 'select nothing from public.no_such_table')))
    })
  })

  // At the end: the logins are there by now.
  databaseSuite('pg, on shared connections', async () => pg(fresh().url), { login: 'runtime' })
  databaseSuite('pg, on one shared connection', async () => pg(fresh().url, { max: 1 }), { login: 'runtime' })
}
