/** What an adapter does when the network between it and the server is slow, cut or gone. */
import type { Connection, Database } from '@backsaas/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SCOPE, sql } from '../src/testing/subject.ts'
import { createFreshDatabase, type FreshDatabase } from './fresh-database.ts'
import type { CreateServer } from './server-suite.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** @example networkSuite('postgres', postgres) */
export function networkSuite(name: string, create: CreateServer): void {
  describe(`${name}, over a network that fails`, () => {
    let fresh: FreshDatabase
    let proxy: TcpProxy
    let database: Database
    let connection: Connection

    beforeAll(async () => {
      fresh = await createFreshDatabase()
      await fresh.query('create table kept (n int)')
    })
    beforeEach(async () => {
      await fresh.query('truncate kept')
      proxy = await startTcpProxy(fresh.url)
      database = create(proxy.url, { max: 2, connectTimeoutMs: 1000 })
      connection = database.open(SCOPE, 'owner')
    })
    afterEach(async () => {
      await database.close?.()
      await proxy.close()
    })
    afterAll(() => fresh.drop())

    const add = sql('insert into kept values ($1)', '1')
    const kept = async () => Number((await fresh.query('select count(*) as n from kept'))[0]?.n)

    async function time(work: () => Promise<unknown>): Promise<number> {
      const start = performance.now()
      await work()
      return performance.now() - start
    }

    test('a batch costs one round trip, however many statements it has, and with an error in it too', async () => {
      const five = [add, sql('select 1'), sql('select $1::text', 'a'), add, sql('select count(*) from kept')]
      const wrong = sql('select 1/$1::int', '0')
      await connection.batch(five)
      await connection.batch([wrong]).catch(() => {})
      proxy.delay(100)
      const oneWay = 100
      expect(await time(() => connection.batch([sql('select 1')]))).toBeLessThan(oneWay * 2 + 90)
      expect(await time(() => connection.batch(five))).toBeLessThan(oneWay * 2 + 90)
      const failing = () => connection.batch([add, wrong, add]).catch(() => {})
      expect(await time(failing)).toBeLessThan(oneWay * 2 + 90)
    })

    test('a connection that is lost in a batch fails that batch, and the next one has another', async () => {
      const slow = [add, sql('select pg_sleep(0.5)'), sql('select $1::int', '1'), add]
      const work = connection.batch(slow)
      setTimeout(() => proxy.cut(), 150)
      await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', fields: { sqlState: '08006' } })
      await connection.batch([sql('select 1'), sql('select 2')])
      await expect.poll(kept, { timeout: 3000 }).toBe(0)
    })

    test('what a lost transaction had yet to do is not done on the next connection', async () => {
      const { transaction } = connection
      const work = transaction?.(async (inner) => {
        await inner.batch([add])
        proxy.cut()
        // Statements never prepared before: these wait for an answer in the driver, not on the wire.
        await Promise.all([inner.batch([sql('insert into kept values ($1::int + 1)', '1')]), inner.batch([add])])
      })
      await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
      await connection.batch([sql('select 1')])
      expect(await kept()).toBe(0)
    })

    test('a connection that dies while its transaction decides harms nothing but that transaction', async () => {
      const { transaction } = connection
      const work = transaction?.(async (inner) => {
        await inner.batch([add])
        proxy.cut()
        await new Promise((resolve) => setTimeout(resolve, 100))
        await inner.batch([add])
      })
      await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
      expect(await kept()).toBe(0)
      expect(await connection.batch([sql('select 1')])).toHaveLength(1)
    })

    test('idle connections that were lost are not used', async () => {
      await Promise.all([
        connection.batch([sql('select pg_sleep(0.05)')]),
        connection.batch([sql('select pg_sleep(0.05)')]),
      ])
      expect(proxy.accepted()).toBe(2)
      proxy.cut()
      await expect.poll(() => proxy.connections()).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, 50))
      for (let index = 0; index < 4; index++) await connection.batch([sql('select 1')])
      expect(proxy.accepted()).toBe(3)
    })

    test('a session that the server ends is unreachable, and replaced', async () => {
      const work = connection.batch([sql('select pg_sleep(5)')])
      setTimeout(() => {
        void fresh.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'backsaas owner' and datname = current_database()`,
        )
      }, 150)
      await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
      expect(await connection.batch([sql('select 1')])).toHaveLength(1)
    })

    test('a server that hangs up on everyone is unreachable within the connect timeout, and used when it is back', async () => {
      proxy.refuse(true)
      expect(
        await time(() => expect(connection.batch([add])).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })),
      ).toBeLessThan(3000)
      const all = Array.from({ length: 10 }, () => connection.batch([add]))
      for (const settled of await Promise.allSettled(all)) expect(settled.status).toBe('rejected')
      proxy.refuse(false)
      expect(await connection.batch([add])).toHaveLength(1)
      expect(await kept()).toBe(1)
    })

    test('a server that says nothing is unreachable within the connect timeout', async () => {
      proxy.delay(60_000)
      expect(
        await time(() => expect(connection.batch([add])).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })),
      ).toBeLessThan(3000)
      proxy.delay(0)
    })

    test('who listens is told that the connection was lost, and hears again what comes after', async () => {
      const heard: string[] = []
      const errors: unknown[] = []
      let reconnects = 0
      const stop = await database.listen?.('network_suite', (payload) => heard.push(payload), {
        login: 'owner',
        onReconnect: () => reconnects++,
        onError: (error) => errors.push(error),
      })
      const notify = (payload: string) => fresh.query(`select pg_notify('network_suite', '${payload}')`)
      await notify('before')
      await expect.poll(() => heard).toEqual(['before'])
      proxy.refuse(true)
      proxy.cut()
      await notify('missed')
      await expect.poll(() => errors.length, { timeout: 5000 }).toBeGreaterThan(1)
      expect(errors[0]).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
      proxy.refuse(false)
      await expect.poll(() => reconnects, { timeout: 10_000 }).toBe(1)
      await notify('after')
      await expect.poll(() => heard).toEqual(['before', 'after'])
      await stop?.()
      await expect.poll(() => proxy.connections()).toBe(0)
    })

    test('a listener that is closed while it reconnects lets go at once', async () => {
      await database.listen?.('network_suite', () => {}, { login: 'owner' })
      proxy.refuse(true)
      proxy.cut()
      await new Promise((resolve) => setTimeout(resolve, 700))
      expect(await time(async () => database.close?.())).toBeLessThan(3000)
    })

    test('a large batch passes whole', async () => {
      const big = 'x'.repeat(300_000)
      const results = await connection.batch(Array.from({ length: 20 }, () => sql('select length($1::text)', big)))
      expect(results.map((result) => result.rows[0]?.[0])).toEqual(results.map(() => '300000'))
    })
  })
}
