import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { busSuite, eventAt } from '../../testing/bus-suite.ts'
import { type RedisBusOptions, redis } from './redis.ts'

const URL_OF_REDIS = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
const client = new Redis(URL_OF_REDIS)
const streams: string[] = []
const open = (options: RedisBusOptions = {}) => {
  const stream = `backsaas:test:${crypto.randomUUID()}`
  streams.push(stream)
  return redis(URL_OF_REDIS, { stream, ...options })
}
const stream = (): string => streams.at(-1) ?? ''

afterEach(async () => {
  if (streams.length > 0) await client.del(...streams.splice(0))
})
afterAll(() => client.disconnect())

busSuite('redis', async () => open(), {
  forge: async (message) => void (await client.xadd(stream(), '*', 'id', 'x', 'event', message)),
})

test('an entry has the two fields of the documentation', async () => {
  const bus = open()
  const event = eventAt(1)
  await bus.publish([event])
  const [entry] = await client.xrange(stream(), '-', '+')
  expect(entry?.[1]).toEqual(['id', event.id, 'event', JSON.stringify(event)])
  await bus.close?.()
})

test('only about the newest entries are kept', async () => {
  const bus = open({ maxLength: 100 })
  for (let batch = 0; batch < 10; batch++) {
    await bus.publish(Array.from({ length: 100 }, (_, index) => eventAt(batch * 100 + index + 1)))
  }
  expect(await client.xlen(stream())).toBeLessThan(300)
  expect((await bus.read({ position: 0 }, 1000)).at(-1)?.position).toBe(1000)
  await bus.close?.()
})

test('entries of other fields, and a key that is no stream, harm nothing', async () => {
  const errors: unknown[] = []
  const bus = open({ onError: (error) => errors.push(error) })
  const seen: unknown[] = []
  await bus.subscribe?.((event) => void seen.push(event.position))
  await client.xadd(stream(), '*', 'other', 'x')
  await client.xadd(stream(), '*', 'event', '')
  await bus.publish([eventAt(1)])
  await vi.waitFor(() => expect(seen).toEqual([1]))
  await client.set(stream(), 'text')
  await expect(bus.publish([eventAt(2)])).rejects.toMatchObject({ code: 'BUS_UNREACHABLE', status: 503 })
  await client.del(stream())
  await bus.publish([eventAt(2)])
  await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 5000 })
  await bus.close?.()
})

test('a stream whose ids have gone back is followed from its new end, and that is told', async () => {
  const errors: { code?: string }[] = []
  const bus = open({ onError: (error) => errors.push(error as { code?: string }) })
  const seen: unknown[] = []
  const onGap = vi.fn()
  await bus.subscribe?.((event) => void seen.push(event.position), { onGap })
  await bus.publish([eventAt(1)])
  await vi.waitFor(() => expect(seen).toEqual([1]))
  await client.del(stream())
  await client.xadd(stream(), '5-1', 'event', JSON.stringify(eventAt(2)))
  await vi.waitFor(() => expect(onGap).toHaveBeenCalledTimes(1), { timeout: 15_000 })
  expect(errors.map(({ code }) => code)).toEqual(['BUS_RESET'])
  await bus.publish([eventAt(3)])
  await vi.waitFor(() => expect(seen).toEqual([1, 3]))
  await bus.close?.()
})

test('where Redis is away: publishing fails soon, subscribing waits in the background', async () => {
  const errors: unknown[] = []
  const bus = redis('redis://:hidden@127.0.0.1:1', { onError: (error) => errors.push(error) })
  await bus.subscribe?.(() => {})
  expect(errors[0]).toMatchObject({ code: 'BUS_UNREACHABLE' })
  const failure = await bus.publish([eventAt(1)]).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'BUS_UNREACHABLE', status: 503 })
  expect(String(failure)).not.toContain('hidden')
  await bus.close?.()
})

test('what is no URL of a Redis is refused, without showing it', () => {
  for (const url of [undefined, '', 'localhost', 'http://x:hidden@y', 'redis://', '/var/run/redis.sock']) {
    expect(() => redis(url)).toThrow(expect.objectContaining({ code: 'REDIS_URL_INVALID' }))
    expect(() => redis(url)).not.toThrow('hidden')
  }
  for (const options of [{ stream: '' }, { stream: 'a\nb' }, { maxLength: 0 }, { maxLength: 1.5 }]) {
    expect(() => redis(URL_OF_REDIS, options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  }
})

test('a process whose bus is closed ends by itself', () => {
  const module = fileURLToPath(new URL('redis.ts', import.meta.url))
  const script = `
    const { redis } = await import(${JSON.stringify(module)})
    const bus = redis(${JSON.stringify(URL_OF_REDIS)}, { stream: ${JSON.stringify(`backsaas:test:${crypto.randomUUID()}`)} })
    await bus.subscribe(() => {})
    await bus.publish([])
    await bus.read({ position: 0 }, 1)
    await bus.close()
    console.log('closed')`
  const args = ['--conditions=@backsaas/source', '--input-type=module', '--eval', script]
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
  expect([stdout, status, stderr]).toEqual(['closed\n', 0, ''])
})
