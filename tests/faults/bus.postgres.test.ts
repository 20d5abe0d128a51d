/** What may happen to a bus and to a relay: no committed event is lost, none comes out of order, and who follows converges. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { notify } from '@backsaas/adapters/buses/notify'
import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Bus } from '@backsaas/core'
import { startRelay } from '@backsaas/migrator'
import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { createTestDatabase } from '../fixture/test-server.ts'
import { checkFollower, checkOutbox, createWorld, follow, type OutboxWorld } from './outbox-world.ts'
import { createPostgres, createRedis } from './private-servers.ts'

const RELAY = fileURLToPath(new URL('relay.ts', import.meta.url))
const QUIET = { onError: () => {} }
const OFTEN = { leaseMs: 500, intervalMs: 50, observe: () => {} }

const endings: (() => unknown)[] = []
/** Closed at the end of the test, the last first. */
function closing<T>(thing: T, end: (thing: T) => unknown): T {
  endings.push(() => end(thing))
  return thing
}
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function openWorld(): Promise<{ readonly world: OutboxWorld; readonly url: string }> {
  const server = closing(await createTestDatabase(), (one) => one.drop())
  return { world: closing(await createWorld(server.url), (one) => one.close()), url: server.url }
}

const openBus = (url: string): Bus => closing(redis(url, QUIET), (bus) => bus.close?.())

test('a Redis that is killed, started again empty, and flushed while events are sent', {
  timeout: 180_000,
}, async () => {
  const server = closing(await createRedis(), (one) => one.remove())
  const { world } = await openWorld()
  const follower = await follow(openBus(server.url), world)
  closing(await startRelay(world.database, openBus(server.url), OFTEN), (relay) => relay.close())
  const writing = world.write()
  const flush = async (): Promise<void> => {
    const client = new Redis(server.url)
    await client.flushall()
    client.disconnect()
  }
  await expect.poll(() => follower.heard.length, { timeout: 30_000 }).toBeGreaterThan(20)
  for (let round = 0; round < 2; round++) {
    await flush()
    await delay(300)
    await server.kill()
    await delay(700)
    await server.start()
    await delay(700)
    await flush()
  }
  await writing.stop()
  const events = await checkOutbox(world)
  expect(events.length).toBeGreaterThan(20)
  await checkFollower(follower, events)
  expect(follower.gaps()).toBeGreaterThan(0)
})

test('events that are sent twice, in another order, taken away or forged on the bus', {
  timeout: 180_000,
}, async () => {
  const server = closing(await createRedis(), (one) => one.remove())
  const { world } = await openWorld()
  const client = closing(new Redis(server.url), (one) => one.disconnect())
  const bus = openBus(server.url)
  const sabotaged: Bus = {
    ...bus,
    /** Between the relay and the stream sits somebody who means harm. */
    async publish(events) {
      for (const event of events) {
        const text = JSON.stringify(event)
        const chance = Math.random()
        if (chance < 0.15) continue
        if (chance < 0.3) await client.xadd('backsaas:events', '*', 'event', text, 'id', 'twice')
        if (chance < 0.4) await client.xadd('backsaas:events', '*', 'event', text.slice(0, -1))
        if (chance < 0.5)
          await client.xadd('backsaas:events', '*', 'event', text.replace(/"position":\d+/, '"position":1e15'))
        await bus.publish([event])
        if (chance > 0.9) await client.xadd('backsaas:events', '*', 'event', '{"specversion":"1.0","tenantid":"*"}')
      }
    },
  }
  const follower = await follow(openBus(server.url), world)
  closing(await startRelay(world.database, sabotaged, OFTEN), (relay) => relay.close())
  const writing = world.write(5)
  await expect.poll(() => follower.known.size, { timeout: 60_000 }).toBeGreaterThan(100)
  await writing.stop()
  const events = await checkOutbox(world)
  expect(follower.gaps()).toBeGreaterThan(0)
  // An event whose every trace was taken away is missed until the next one: this is the next one.
  await bus.publish([{ ...(follower.heard[0] as (typeof follower.heard)[0]), position: 1_000_000 }])
  await checkFollower({ ...follower, heard: [] }, events)
})

test('a relay that is killed between sending and marking, and others beside it', { timeout: 240_000 }, async () => {
  const server = closing(await createRedis(), (one) => one.remove())
  const { world, url } = await openWorld()
  const follower = await follow(openBus(server.url), world)
  const writing = world.write()
  const stuck = startChild(url, server.url, 'stuck')
  await said(stuck, 'sent')
  await kill(stuck)
  expect((await world.readEvents()).filter(({ sent }) => sent)).toEqual([])
  let relays = [startChild(url, server.url), startChild(url, server.url)]
  for (let round = 0; round < 2; round++) {
    await Promise.any(relays.map((relay) => said(relay, 'sent')))
    const [first, second] = relays
    if (first) await kill(first)
    relays = [...(second ? [second] : []), startChild(url, server.url)]
  }
  await said(relays[1] as ChildProcess, 'ready')
  await writing.stop()
  const events = await checkOutbox(world)
  await checkFollower(follower, events)
  expect(follower.heard.length).toBe(events.length)
})

test('a Postgres that is restarted at once, under load, with its own bus', { timeout: 240_000 }, async () => {
  const server = closing(await createPostgres(), (one) => one.remove())
  const world = closing(await createWorld(server.url), (one) => one.close())
  const database = closing(postgres(server.url), (one) => one.close?.())
  const follower = await follow(
    closing(notify(database, QUIET), (bus) => bus.close?.()),
    world,
  )
  const sending = closing(notify(world.database, QUIET), (bus) => bus.close?.())
  closing(await startRelay(world.database, sending, OFTEN), (relay) => relay.close())
  const writing = world.write()
  for (let round = 0; round < 3; round++) {
    const before = world.acknowledged.size
    await expect.poll(() => world.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 20)
    await server.restart()
  }
  const before = world.acknowledged.size
  await expect.poll(() => world.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + 20)
  await writing.stop()
  const events = await checkOutbox(world)
  await checkFollower(follower, events)
  expect(world.refused.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([])
})

function startChild(databaseUrl: string, redisUrl: string, ...how: string[]): ChildProcess {
  const args = ['--conditions=@backsaas/source', RELAY, databaseUrl, redisUrl, ...how]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return closing(child, kill)
}

/** Resolves when the process next says the word. */
function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      if (String(chunk).includes(word)) resolve()
    })
    child.once('exit', () => reject(new Error(`the relay ended before it said ${word}`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
