/** From the commit of a version until four other processes serve it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { notify } from '@backsaas/adapters/buses/notify'
import { redis } from '@backsaas/adapters/buses/redis'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Bus } from '@backsaas/core'
import { startRelay } from '@backsaas/migrator'
import { quantile } from '../load.ts'
import { round } from '../report.ts'
import { createPublisher } from './publisher.ts'
import type { World } from './world.ts'

export interface Published {
  readonly bus: string
  readonly publications: number
  /** Of all publications and processes, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mostMs: number
  readonly toReachMs: number
}

export type BusKind = 'redis' | 'notify' | 'dead'

const RUNTIMES = 4
const TO_REACH: Readonly<Record<BusKind, number>> = { redis: 250, notify: 500, dead: 15_000 }
/** Where nothing listens. */
const NOWHERE = 'redis://127.0.0.1:9'

export async function measurePublish(world: World, kind: BusKind, publications: number): Promise<Published> {
  const database = postgres(world.url)
  const { slug, key, schema } = await world.newTenant()
  const publisher = await createPublisher(database, slug, schema)
  const redisUrl = kind === 'dead' ? NOWHERE : world.redisUrl
  const runtimes = await Promise.all(Array.from({ length: RUNTIMES }, () => startRuntime(world.url, kind, redisUrl)))
  const bus: Bus =
    kind === 'notify'
      ? notify(database, { onError: () => undefined })
      : redis(redisUrl, { stream: world.stream, onError: () => undefined })
  const relay = await startRelay(database, bus, { observe: () => undefined })
  const times: number[] = []
  try {
    const ask = (port: number, version: number) => isServed(port, slug, key, version)
    await writeRow(Number(runtimes[0]?.port), slug, key)
    await Promise.all(runtimes.map(({ port }) => untilServed(() => ask(port, 1))))
    for (let i = 0; i < publications; i++) {
      // Not in step with the beats.
      await delay(100 + Math.random() * 400)
      const next = publisher.version + 1
      const served = Promise.all(runtimes.map(({ port }) => untilServed(() => ask(port, next))))
      const committedAt = await publisher.publish()
      for (const at of await served) times.push(Math.max(0, at - committedAt))
    }
  } finally {
    await relay.close()
    await bus.close?.()
    for (const { child } of runtimes) child.kill('SIGKILL')
    await database.close?.()
  }
  return {
    bus: kind,
    publications,
    p50Ms: round(quantile(times, 0.5)),
    p99Ms: round(quantile(times, 0.99)),
    mostMs: round(Math.max(...times)),
    toReachMs: TO_REACH[kind],
  }
}

interface Runtime {
  readonly child: ChildProcess
  readonly port: number
}

export async function startRuntime(url: string, kind: BusKind, redisUrl: string): Promise<Runtime> {
  const args = [url, kind === 'notify' ? 'notify' : 'redis', redisUrl]
  const child = fork(new URL('./runtime.ts', import.meta.url), args, {
    execArgv: ['--conditions=@backsaas/source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = await once(child, 'message')
  return { child, port: Number(port) }
}

const POLL_MS = 10

async function untilServed(ask: () => Promise<boolean>): Promise<number> {
  while (!(await ask())) await delay(POLL_MS)
  return performance.now()
}

/** Whether rows have the field that the version has brought. It is not named: an unknown name makes a runtime look by itself. */
async function isServed(port: number, slug: string, key: string, version: number): Promise<boolean> {
  const field = version === 1 ? 'mark' : `f${version}`
  const url = `http://127.0.0.1:${port}/t/${slug}/rest/v1/notes?limit=1`
  const response = await fetch(url, { headers: { apikey: key } })
  return (await response.text()).includes(`"${field}":`)
}

async function writeRow(port: number, slug: string, key: string): Promise<void> {
  const init = { method: 'POST', headers: { apikey: key, 'content-type': 'application/json' }, body: '{"mark":"a"}' }
  const response = await fetch(`http://127.0.0.1:${port}/t/${slug}/rest/v1/notes`, init)
  if (response.status !== 201) throw new Error(`no row: ${response.status} ${await response.text()}`)
}
