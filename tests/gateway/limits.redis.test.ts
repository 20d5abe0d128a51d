/** Limits that many processes share: in Redis, and in Upstash. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LimitStore } from '@backsaas/plugins/gateway'
import { redisLimits } from '@backsaas/plugins/gateway/redis'
import { upstashLimits } from '@backsaas/plugins/gateway/upstash'
import { Redis as Upstash } from '@upstash/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerAsUpstash, UPSTASH_TOKEN } from '../../packages/adapters/test/upstash-stand-in.ts'

const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
const prefix = `backsaas-test:${crypto.randomUUID()}`
const client = new Redis(url, { enableOfflineQueue: true })
let server: Server
let upstash: Upstash

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const headers = new Headers(request.headers as Record<string, string>)
    const asked = {
      url: `http://localhost${request.url}`,
      headers,
      json: async () => JSON.parse(Buffer.concat(chunks).toString()),
    }
    const answer = await answerAsUpstash(url, asked)
    response.writeHead(answer.status, [...answer.headers].flat()).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  upstash = new Upstash({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: UPSTASH_TOKEN })
})
afterAll(async () => {
  server.close()
  const left = await client.keys(`${prefix}*`)
  if (left.length > 0) await client.del(...left)
  client.disconnect()
})

describe.each<[string, () => LimitStore]>([
  ['redis', () => redisLimits(client, `${prefix}:r`)],
  ['upstash', () => upstashLimits(upstash, `${prefix}:u`)],
])('%s', (name, make) => {
  const limit = { points: 5, seconds: 60 }

  test('counts what several processes take together, several at a time', async () => {
    const [one, two] = [make(), make()]
    const key = `tenant:${name}`
    const now = Date.now()
    expect(await one.take(key, 3, limit, now)).toMatchObject({ isAllowed: true, remaining: 2 })
    const second = await two.take(key, 2, limit, now)
    expect(second).toMatchObject({ isAllowed: true, remaining: 0 })
    expect(second.resetMs).toBeGreaterThan(0)
    expect(second.resetMs).toBeLessThanOrEqual(60_000)
    expect(await one.take(key, 1, limit, now)).toMatchObject({ isAllowed: false, remaining: 0 })
    expect(await two.take(`${key}:other`, 1, limit, now)).toMatchObject({ isAllowed: true })
  })
})

test('a Redis that is away fails at once, so that the gateway counts by itself', async () => {
  const away = new Redis({ port: 1, enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => null })
  away.on('error', () => undefined)
  await expect(redisLimits(away).take('k', 1, { points: 1, seconds: 1 }, Date.now())).rejects.toThrow()
  away.disconnect()
})
