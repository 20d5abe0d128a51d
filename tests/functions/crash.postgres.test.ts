/**
 * Webhooks while their worker is killed again and again: each is delivered at least once, those delivered twice by the same id, none is
 * lost. `WEBHOOKS=100000 KILLS=10 vitest run tests/functions/crash.postgres.test.ts` is the long form.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { readSecretKeys } from '@backsaas/core'
import { writeSecret } from '@backsaas/migrator'
import { expect, test } from 'vitest'
import { startFixture } from '../fixture/start-fixture.ts'
import { until } from './until.ts'

const WEBHOOKS = Number(process.env.WEBHOOKS ?? 1_000)
const KILLS = Number(process.env.KILLS ?? 3)
const BATCH = 1_000
const WORKER = fileURLToPath(new URL('crash-worker.ts', import.meta.url))
const MINUTES = Math.max(2, WEBHOOKS / 10_000)

test('webhooks survive their worker', { timeout: MINUTES * 60_000 + 60_000 }, async () => {
  /** By the webhook's id the row that it told of, each time. */
  const received = new Map<string, string[]>()
  let total = 0
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const id = String(request.headers['webhook-id'])
    const { data } = JSON.parse(body) as { data: { id: string } } // as our own function writes it
    received.set(id, [...(received.get(id) ?? []), data.id])
    total++
    response.writeHead(204).end()
  })
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  const { port } = receiver.address() as AddressInfo // it listens on a port
  const schema = `schema: hooked
functions: { communication.webhook: { endpoints: { all: { url: "http://127.0.0.1:${port}/" } } } }
entities:
  rows:
    fields: { n: { type: integer } }
    hooks: { after_create: [{ use: communication.webhook, with: { endpoint: all, fields: [id] } }] }
`
  const fixture = await startFixture({ database: 'postgres', schemas: [schema], statementTimeoutMs: 60_000 })
  const key = Buffer.alloc(32, 9).toString('base64')
  await writeSecret(fixture.database, { tenant: 'acme', name: 'all', value: key }, await readSecretKeys(key))
  const { acme } = fixture.tenants
  const ids: unknown[] = []
  for (let n = 0; n < WEBHOOKS; n += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, WEBHOOKS - n) }, (_, i) => ({ n: n + i }))
    ids.push(...(await acme.add('rows', rows)).map(({ id }) => id))
  }
  let worker: ChildProcess | null = null
  const start = (): ChildProcess =>
    spawn(process.execPath, ['--conditions=@backsaas/source', WORKER, String(fixture.url), key], { stdio: 'inherit' })
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      worker = start()
      await until(() => total >= (WEBHOOKS * kill) / (KILLS + 1), MINUTES * 60_000)
      worker.kill('SIGKILL')
      await once(worker, 'close')
    }
    worker = start()
    const told = (): number => new Set([...received.values()].map(([row]) => row)).size
    await until(() => received.size >= WEBHOOKS && told() >= WEBHOOKS, MINUTES * 60_000)
    // An id is one row's, and a row has one id: so who receives twice can tell.
    expect(received.size).toBe(WEBHOOKS)
    expect([...received.values()].filter((rows) => new Set(rows).size !== 1)).toEqual([])
    expect(new Set([...received.values()].map(([row]) => row))).toEqual(new Set(ids))
    console.log(`${WEBHOOKS} webhooks, ${KILLS} kills, ${total - WEBHOOKS} delivered more than once`)
  } finally {
    worker?.kill('SIGKILL')
    receiver.closeAllConnections()
    receiver.close()
    await fixture.close()
  }
})
