/** What every adapter of a Postgres server promises besides the contract: logins, settings, connections, URLs. */
import type { Connection, Database } from '@backsaas/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ServerOptions } from '../src/databases/server-options.ts'
import { databaseSuite } from '../src/testing/database-suite.ts'
import { SCOPE, sql } from '../src/testing/subject.ts'
import { createFreshDatabase, type FreshDatabase, loginsSql } from './fresh-database.ts'

export type CreateServer = (url: string, options?: ServerOptions) => Database
export type Ask = (connection: Connection, text: string) => Promise<string | null | undefined>

/** What the tests of one adapter alone are lent. */
export interface ServerTools {
  readonly fresh: () => FreshDatabase
  readonly open: (options?: ServerOptions, url?: string) => Database
  readonly ask: Ask
}

/** @example serverSuite('postgres', postgres) */
export function serverSuite(
  name: string,
  create: CreateServer,
  own: (tools: ServerTools) => void = () => undefined,
): void {
  describe(name, () => {
    let fresh: FreshDatabase
    const opened: Database[] = []

    beforeAll(async () => {
      fresh = await createFreshDatabase()
    })
    afterEach(async () => {
      for (const database of opened.splice(0)) await database.close?.()
    })
    afterAll(() => fresh.drop())

    function open(options?: ServerOptions, url: string = fresh.url): Database {
      const database = create(url, options)
      opened.push(database)
      return database
    }

    const ask: Ask = async (connection, text) => {
      const [result] = await connection.batch([sql(text)])
      return result?.rows[0]?.[0]
    }

    databaseSuite(name, async () => create(fresh.url))
    databaseSuite(`${name} with one connection`, async () => create(fresh.url, { max: 1 }))

    describe('logins', () => {
      test('before bootstrap only the owner gets in; after it the others do, without a new database', async () => {
        const database = open()
        for (const login of ['runtime', 'migrator'] as const) {
          await expect(ask(database.open(SCOPE, login), 'select 1')).rejects.toMatchObject({
            code: 'NOT_BOOTSTRAPPED',
            status: 503,
            hint: 'run `backsaas migrate`',
          })
        }
        await fresh.query(loginsSql(fresh.roles))
        expect(await ask(database.open(SCOPE), 'select current_user')).toBe(fresh.roles.runtime)
        expect(await ask(database.open(SCOPE, 'migrator'), 'select current_user')).toBe(fresh.roles.migrator)
        expect(await ask(database.open(SCOPE, 'owner'), 'select current_user')).toBe(new URL(fresh.url).username)
      })

      test('each login has the settings of its work', async () => {
        const database = open({ statementTimeoutMs: 1234 })
        const settings = `select current_setting('row_security') || ' ' || current_setting('statement_timeout')
      || ' ' || current_setting('application_name')`
        expect(await ask(database.open(SCOPE), settings)).toBe('on 1234ms backsaas runtime')
        expect(await ask(database.open(SCOPE, 'migrator'), settings)).toBe('off 0 backsaas migrator')
        expect(await ask(database.open(SCOPE, 'owner'), settings)).toBe('on 0 backsaas owner')
      })

      test('a statement of the runtime that takes too long is ended, and its connection serves on', async () => {
        const connection = open({ statementTimeoutMs: 50, max: 1 }).open(SCOPE)
        await expect(ask(connection, 'select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
        await expect(connection.batch([sql('select 1'), sql('select pg_sleep(5)')])).rejects.toMatchObject({
          code: '57014',
        })
        expect(await ask(connection, 'select 1')).toBe('1')
      })

      test('the runtime has neither transactions nor scripts', () => {
        const runtime = open().open(SCOPE)
        expect([runtime.transaction, runtime.script]).toEqual([undefined, undefined])
      })

      test('a script keeps others of its lock out until its end, whatever it ends with', async () => {
        const [one, other] = [open().open(SCOPE, 'migrator'), open().open(SCOPE, 'migrator')]
        const long = { ...sql('select pg_sleep(0.6)'), prepare: false }
        const failing = { ...sql('select 1/0'), prepare: false }
        const first = one.script?.([long, failing], 'a')
        await new Promise((resolve) => setTimeout(resolve, 300))
        expect(await other.script?.([long], 'a')).toEqual([])
        expect(await other.script?.([sql('select 2')], 'b')).toHaveLength(1)
        await expect(first).rejects.toMatchObject({ code: '22012' })
        expect(await other.script?.([sql('select 3')], 'a')).toHaveLength(1)
      })

      test('scripts of the migrator, which may take hours, leave it its connections', async () => {
        const migrator = open({ max: 1 }).open(SCOPE, 'migrator')
        let isOver = false
        const script = migrator.script?.([{ ...sql('select pg_sleep(1)'), prepare: false }]).then(() => (isOver = true))
        expect(await ask(migrator, 'select 1')).toBe('1')
        expect(isOver).toBe(false)
        await script
      })

      test('served as given, the URL’s own login is the runtime’s; it may not look up the migrator’s', async () => {
        const url = new URL(fresh.url)
        url.username = fresh.roles.runtime
        const database = open({ serveAs: 'given' }, url.href)
        expect(await ask(database.open(SCOPE), 'select current_user')).toBe(fresh.roles.runtime)
        expect(await ask(database.open(SCOPE), 'show statement_timeout')).toBe('5s')
        await expect(ask(database.open(SCOPE, 'migrator'), 'select 1')).rejects.toMatchObject({ code: 'OWNER_NEEDED' })
      })

      test('the values read the same whatever the server’s own settings are', async () => {
        await fresh.query(`alter role ${fresh.roles.runtime} set timezone = 'Asia/Tokyo'`)
        await fresh.query(`alter role ${fresh.roles.runtime} set datestyle = 'German'`)
        const connection = open().open(SCOPE)
        expect(await ask(connection, `select timestamptz '2024-01-02 00:00Z'`)).toBe('2024-01-02 00:00:00+00')
      })
    })

    describe('connections', () => {
      const watch = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and application_name = 'backsaas owner'`
      const count = async () => (await fresh.query(watch))[0]?.n

      test('no more than allowed are open, however much is asked at once', async () => {
        const connection = open({ max: 3 }).open(SCOPE, 'owner')
        const seen: unknown[] = []
        const work = Array.from({ length: 60 }, () => ask(connection, 'select pg_sleep(0.005)'))
        const watching = Array.from({ length: 5 }, async () => seen.push(await count()))
        await Promise.all([...work, ...watching])
        expect(seen.every((n) => Number(n) <= 3)).toBe(true)
        expect(await count()).toBe(3)
      })

      test('work is done first come, first served', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        const order: number[] = []
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => ask(connection, 'select 1').then(() => order.push(index))),
        )
        expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index))
      })

      test('idle ones are closed, and come back when needed', async () => {
        const connection = open({ max: 3, idleTimeoutMs: 100 }).open(SCOPE, 'owner')
        await Promise.all(Array.from({ length: 3 }, () => ask(connection, 'select pg_sleep(0.01)')))
        expect(await count()).toBe(3)
        await expect.poll(count, { timeout: 2000 }).toBe(0)
        expect(await ask(connection, 'select 1')).toBe('1')
      })

      test('a transaction has its connection to itself', async () => {
        const connection = open({ max: 2 }).open(SCOPE, 'owner')
        await fresh.query('create table public.own (n int)')
        await connection.transaction?.(async (inner) => {
          await inner.batch([sql('insert into public.own values (1)')])
          const beside = Array.from({ length: 6 }, () => ask(connection, 'select count(*) from public.own'))
          expect(await Promise.all(beside)).toEqual(beside.map(() => '0'))
        })
        expect(await ask(connection, 'select count(*) from public.own')).toBe('1')
      })

      test('one that has prepared too many statements is replaced', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        const pid = await ask(connection, 'select pg_backend_pid()')
        let most = 0
        for (let index = 0; index < 1100; index++) await ask(connection, `select ${index}`)
        for (let index = 0; index < 3; index++) {
          most = Math.max(most, Number(await ask(connection, 'select count(*) from pg_prepared_statements')))
        }
        expect(await ask(connection, 'select pg_backend_pid()')).not.toBe(pid)
        expect(most).toBeLessThan(200)
      })

      test('a statement that stays the same is prepared once', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        for (let index = 0; index < 20; index++) await connection.batch([sql('select $1::int', '1'), sql('select 2')])
        const [result] = await connection.batch([
          { ...sql('select count(*) from pg_prepared_statements'), prepare: false },
        ])
        const own = name === 'pg' ? 0 : 2 // begin and commit, where they are statements
        expect(result?.rows).toEqual([[String(2 + own)]])
      })
    })

    describe('a stale plan', () => {
      test('is made anew within its transaction, whose work is done once', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        await fresh.query('create table public.stale (a int); create table public.done (n int)')
        const work = [
          sql('insert into public.done values (1)'),
          sql('select * from public.stale where $1::int = 1', '1'),
          sql('insert into public.done values (2)'),
          sql('select * from public.stale'),
        ]
        for (const type of ['bigint', 'numeric', 'text']) {
          await connection.batch(work)
          await fresh.query('truncate public.done')
          await fresh.query(`alter table public.stale alter a type ${type}`)
          await connection.batch(work)
          expect(await ask(connection, 'select count(*) from public.done')).toBe('2')
          await connection.batch([work[3] ?? sql('')])
          await fresh.query('truncate public.done')
        }
      })

      test('that the session has forgotten is made anew too', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        const work = [sql('select $1::int', '1'), sql('select 2')]
        await connection.batch(work)
        await connection.script?.([{ ...sql('discard all'), prepare: false }])
        expect((await connection.batch(work)).map((result) => result.rows)).toEqual([[['1']], [['2']]])
        await connection.script?.([{ ...sql('discard all'), prepare: false }])
        expect((await connection.batch(work.slice(0, 1)))[0]?.rows).toEqual([['1']])
      })

      test('is not sent again behind the end of its transaction', async () => {
        const connection = open({ max: 1 }).open(SCOPE, 'owner')
        await fresh.query('create table public.stale_write (a int); create table public.written (n int)')
        const write = sql('insert into public.stale_write (a) values ($1) returning *', '1')
        await connection.batch([sql('select 1'), write])
        await fresh.query('alter table public.stale_write add b int')
        const wrong = sql('select 1/0')
        await expect(connection.batch([sql('select 1'), write, wrong])).rejects.toMatchObject({ code: '22012' })
        expect(await ask(connection, 'select count(*) from public.stale_write')).toBe('1')
        const { transaction } = connection
        await fresh.query('alter table public.stale_write add c int')
        await expect(transaction?.((inner) => inner.batch([write, sql('select 1')]))).rejects.toMatchObject({
          code: '0A000',
        })
        expect(await ask(connection, 'select count(*) from public.stale_write')).toBe('1')
      })
    })

    describe('a URL', () => {
      test('that is none is refused at once, without showing its password', () => {
        for (const url of ['', 'localhost', 'mysql://u:hidden@h/d', 'postgres://', 'postgres://u:%ZZhidden@h/d']) {
          expect(() => create(url)).toThrow(expect.objectContaining({ code: 'DATABASE_URL_INVALID' }))
          expect(() => create(url)).not.toThrow('hidden')
        }
      })

      test('that names no database is refused at once: each login would be led to another one', () => {
        for (const url of ['postgres://u@h', 'postgres://u@h:1/', 'postgresql://u:hidden@h?sslmode=disable']) {
          expect(() => create(url)).toThrow(
            expect.objectContaining({ code: 'DATABASE_URL_INVALID', message: 'the database URL names no database' }),
          )
        }
      })

      test('that leads nowhere is told as unreachable, with a hint', async () => {
        const nowhere = ['postgres://u:hidden@127.0.0.1:1/d', 'postgres://u:hidden@no-such-host.invalid/d']
        for (const url of nowhere) {
          const connection = open({}, url).open(SCOPE, 'owner')
          const error = await ask(connection, 'select 1').catch((thrown: unknown) => thrown)
          expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE', status: 503, fields: { sqlState: '08001' } })
          expect(error).toMatchObject({ hint: expect.stringContaining('DATABASE_URL') })
          expect(String(error)).not.toContain('hidden')
        }
      })

      test('with a wrong database or login is told as unreachable too', async () => {
        const noDatabase = new URL(fresh.url)
        noDatabase.pathname = '/bs_no_such_database'
        const noLogin = new URL(fresh.url)
        noLogin.username = 'bs_no_such_login'
        for (const url of [noDatabase, noLogin]) {
          await expect(ask(open({}, url.href).open(SCOPE, 'owner'), 'select 1')).rejects.toMatchObject({
            code: 'DATABASE_UNREACHABLE',
            fields: { sqlState: '08004' },
          })
        }
      })
    })

    own({ fresh: () => fresh, open, ask })
  })
}
