import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerAsUpstash, UPSTASH_TOKEN } from '../../../test/upstash-stand-in.ts'
import { upstashSuite } from '../../../test/upstash-suite.ts'
import { eventAt } from '../../testing/bus-suite.ts'
import { upstash } from './upstash.ts'

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
let url = ''
const paths: string[] = []
const server = createServer(async (incoming, outgoing) => {
  paths.push(String(incoming.url))
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { authorization = '', 'upstash-encoding': encoding = '' } = incoming.headers
  const headers = { authorization, 'upstash-encoding': String(encoding) }
  const request = new Request(`${url}${incoming.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) })
  const response = await answerAsUpstash(REDIS_URL, request)
  outgoing.writeHead(response.status, { 'content-type': 'application/json' }).end(await response.text())
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

upstashSuite('upstash', () => url, UPSTASH_TOKEN)

test('a batch is one request, and so is a reading of what is known', async () => {
  const stream = `backsaas:test:${crypto.randomUUID()}`
  const bus = upstash({ url, token: UPSTASH_TOKEN, stream })
  paths.length = 0
  await bus.publish([1, 2, 3].map((position) => eventAt(position)))
  expect(paths).toEqual(['/pipeline'])
  await bus.read({ position: 3 }, 100)
  expect(paths).toHaveLength(2)
  await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${UPSTASH_TOKEN}` },
    body: JSON.stringify(['DEL', stream]),
  })
})

test('a server that is away is told within a bounded time', async () => {
  const bus = upstash({ url: 'http://127.0.0.1:1', token: UPSTASH_TOKEN })
  await expect(bus.publish([eventAt(1)])).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' })
})
