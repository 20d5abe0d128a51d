import type { Database } from '@backsaas/core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createFreshDatabase, type FreshDatabase } from '../../../test/fresh-database.ts'
import { openListeningDatabase } from '../../../test/listening-database.ts'
import { startTcpProxy } from '../../../test/tcp-proxy.ts'
import { busSuite, eventAt } from '../../testing/bus-suite.ts'
import { notify } from './notify.ts'

let fresh: FreshDatabase
let database: Database
beforeAll(async () => {
  fresh = await createFreshDatabase()
  database = openListeningDatabase(fresh.url)
})
afterAll(async () => {
  await database.close?.()
  await fresh.drop()
})

busSuite('notify', async () => notify(database), {
  keeps: false,
  forge: async (message) => void (await fresh.query(`select pg_notify('backsaas_events', $m$${message}$m$)`)),
})

test('an event that is too large travels without its data, and says where that is', async () => {
  const bus = notify(database)
  const seen: unknown[] = []
  await bus.subscribe?.((event) => void seen.push(event))
  const small = eventAt(1)
  const large = { ...eventAt(2), data: { text: 'é'.repeat(5000) } }
  await bus.publish([small, large])
  await vi.waitFor(() => expect(seen).toHaveLength(2))
  expect(seen).toEqual([small, { ...large, data: null, dataref: `/rest/v1/events?id=eq.${large.id}` }])
  await bus.close?.()
})

test('subscribers are told of a gap when the connection was lost', async () => {
  const proxy = await startTcpProxy(fresh.url)
  const through = openListeningDatabase(proxy.url)
  const bus = notify(through, { onError: () => {} })
  const seen: unknown[] = []
  const onGap = vi.fn()
  await bus.subscribe?.((event) => void seen.push(event.position), { onGap })
  const sender = notify(database)
  await sender.publish([eventAt(1)])
  await vi.waitFor(() => expect(seen).toEqual([1]))
  proxy.cut()
  await vi.waitFor(() => expect(onGap).toHaveBeenCalledTimes(1), { timeout: 10_000 })
  await sender.publish([eventAt(5)])
  await vi.waitFor(() => expect(seen).toEqual([1, 5]))
  expect(onGap).toHaveBeenCalledTimes(1)
  for (const closing of [bus, sender, through, proxy]) await closing.close?.()
})

test('where the database is away at the start, subscribing waits in the background', async () => {
  const proxy = await startTcpProxy(fresh.url)
  proxy.refuse(true)
  const through = openListeningDatabase(proxy.url, { connectTimeoutMs: 500 })
  const errors: unknown[] = []
  const bus = notify(through, { onError: (error) => errors.push(error) })
  const onGap = vi.fn()
  await bus.subscribe?.(() => {}, { onGap })
  expect(errors).toHaveLength(1)
  proxy.refuse(false)
  await vi.waitFor(() => expect(onGap).toHaveBeenCalledTimes(1), { timeout: 10_000 })
  for (const closing of [bus, through, proxy]) await closing.close?.()
})

test('what cannot listen is refused, and so is what is no channel', async () => {
  const { listen, ...deaf } = database
  expect(() => notify(deaf)).toThrow(expect.objectContaining({ code: 'LISTEN_UNSUPPORTED' }))
  for (const channel of ['a:b', '*', 'x"; drop table events; --']) {
    await expect(notify(database, { channel }).subscribe?.(() => {})).rejects.toMatchObject({ code: 'CHANNEL_INVALID' })
  }
})
