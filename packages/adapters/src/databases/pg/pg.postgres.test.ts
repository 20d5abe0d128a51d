import type { Connection } from '@backsaas/core'
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

  describe('batches that meet', () => {
    /** The transaction's own time tells which one it was. */
    const read = (connection: Connection, sharedBy: string, text = 'select now()::text') =>
      connection.batch([sql(text)], { sharedBy }).then(
        ([result]) => result?.rows[0]?.[0],
        (error: { code: string }) => error.code,
      )

    /** A kind of statement gathers once it is known to be quick. */
    async function known(text?: string): Promise<Connection> {
      const connection = open({ max: 1 }).open(SCOPE)
      await read(connection, 'nobody', text)
      return connection
    }

    test('share a transaction with those for the same, eight at most, and with no others', async () => {
      const connection = await known()
      const all = Array.from({ length: 20 }, (_, index) => read(connection, index % 2 === 0 ? 'a' : 'b'))
      const write = connection.batch([sql('select now()::text')]).then(([result]) => result?.rows[0]?.[0])
      const [times, written] = await Promise.all([Promise.all(all), write])
      const of = (word: number) => times.filter((_, index) => index % 2 === word)
      expect(new Set(of(0)).size).toBe(2)
      expect(new Set(of(1)).size).toBe(2)
      expect(new Set([...times, written]).size).toBe(5)
    })

    test('fail each by itself', async () => {
      const connection = await known()
      const bad = 'select (1 / (random() * 0)::int)::text'
      for (let round = 0; round < 2; round++) {
        const texts = [undefined, bad, undefined, bad, 'select no_such_column', undefined]
        const answers = await Promise.all(texts.map((text) => read(connection, 'a', text)))
        expect(answers.map((answer) => (answer && /^\d{4}-/.test(answer) ? 'time' : answer))).toEqual([
          'time',
          '22012',
          'time',
          '22012',
          '42703',
          'time',
        ])
      }
    })

    test('are told alike that the connection was lost', async () => {
      const connection = await known()
      const end = 'select pg_terminate_backend(pg_backend_pid())::text'
      const answers = await Promise.all([undefined, end, undefined].map((text) => read(connection, 'a', text)))
      expect(answers).toEqual(['DATABASE_UNREACHABLE', 'DATABASE_UNREACHABLE', 'DATABASE_UNREACHABLE'])
    })

    test('write each as if by itself: what one is refused undoes nothing of the others, and nothing is written twice', async () => {
      await fresh().query('create table public.met (id int primary key, by xid8 default pg_current_xact_id())')
      await fresh().query('grant select, insert on public.met to public')
      const insert = sql('insert into public.met (id) values ($1)')
      const connection = open({ max: 1 }).open(SCOPE)
      const write = (id: string) =>
        connection.batch([{ ...insert, params: [id] }], { sharedBy: 'a create' }).then(
          () => 'written',
          (error: { code: string }) => error.code,
        )
      expect(await write('0')).toBe('written')
      expect(await Promise.all(['1', '2', '3'].map(write))).toEqual(['written', 'written', 'written'])
      expect(await Promise.all(['4', '2', '5', 'x'].map(write))).toEqual(['written', '23505', 'written', '22P02'])
      const rows = await fresh().query('select id, by::text from public.met order by id')
      expect(rows.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5])
      // One transaction where all went well, and one for each where not.
      expect(new Set(rows.map(({ by }) => by)).size).toBe(4)
    })

    test('lock in one order: transactions that share rows never wait for each other', async () => {
      await fresh().query('create table public.hot (id int primary key, n int not null default 0)')
      await fresh().query('insert into public.hot select generate_series(0, 4)')
      await fresh().query('grant select, update on public.hot to public')
      const connection = open({ max: 4 }).open(SCOPE)
      const add = (id: number) =>
        connection.batch(
          [sql('select 1'), { ...sql('update public.hot set n = n + 1 where id = $1'), params: [`${id}`] }],
          {
            sharedBy: 'a update',
            locks: `hot ${id}`,
          },
        )
      await add(0)
      let at = 0
      const client = async (): Promise<void> => {
        for (let index = 0; index < 100; index++) {
          at = (at * 7 + 3) % 11
          await add(at % 5)
        }
      }
      await Promise.all(Array.from({ length: 20 }, client))
      const [sum] = await fresh().query('select sum(n)::int as n from public.hot')
      expect(sum?.n).toBe(2001)
      const [stats] = await fresh().query(
        'select deadlocks::int from pg_stat_database where datname = current_database()',
      )
      expect(stats?.deadlocks).toBe(0)
    })
  })

  // At the end: the logins are there by now.
  databaseSuite('pg, on shared connections', async () => pg(fresh().url), { login: 'runtime' })
  databaseSuite('pg, on one shared connection', async () => pg(fresh().url, { max: 1 }), { login: 'runtime' })
}
