/** Clients of some of the tenants that create and read in turn, on the runtime of this process. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Runtime } from '@backsaas/runtime'
import { slugOf } from './register-tenants.ts'

export interface Taken {
  readonly statuses: ReadonlyMap<number, number>
  /** Milliseconds. */
  readonly p95: number
}

export interface Clients {
  /** What there was since it was last taken. */
  taken(): Taken
  stop(): Promise<void>
}

export function startClients(runtime: Runtime, tenants: number, count: number): Clients {
  let statuses = new Map<number, number>()
  let times: number[] = []
  let stopped = false

  async function client(index: number): Promise<void> {
    for (let n = 0; !stopped; n++) {
      // Each goes through tenants of its own, so that many of them are asked for.
      const tenant = slugOf((index + count * n) % tenants)
      const orders = runtime.for({ tenant, id: 'bench', roles: ['admin'] }).from('orders')
      const startedAt = performance.now()
      const { status } = n % 2 === 0 ? await orders.insert({ title: `n${n}` }) : await orders.select('title').limit(1)
      times.push(performance.now() - startedAt)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      await delay(20)
    }
  }

  const all = Promise.all(Array.from({ length: count }, (_, index) => client(index)))
  return {
    taken() {
      const sorted = times.toSorted((a, b) => a - b)
      const taken = { statuses, p95: sorted[Math.floor(sorted.length * 0.95)] ?? 0 }
      statuses = new Map()
      times = []
      return taken
    },
    async stop() {
      stopped = true
      await all
    },
  }
}
