/** Clients that read and write at a steady rate, as clients of the version that is served. */
import { createHash } from 'node:crypto'
import type { World } from './world.ts'

export interface Load {
  /** Latencies from here on are counted under this name. */
  phase(name: string): void
  stop(): Promise<Figures>
}

export interface Figures {
  readonly transactions: number
  /** Answers that nothing announced, by status. */
  readonly errors: Readonly<Record<string, number>>
  readonly latencies: Readonly<Record<string, readonly number[]>>
}

/** @param rate requests a second. */
export function startLoad({ runtime, key }: World, rows: number, rate: number): Load {
  const errors: Record<string, number> = {}
  const latencies: Record<string, number[]> = {}
  const open = new Set<Promise<void>>()
  let phase = 'before'
  let n = 0
  let stopping = false

  /** Timed from when it was due, not from when this process came to it. */
  async function send(at: number, dueAt: number): Promise<void> {
    const id = idOf(1 + ((at * 7919) % rows))
    const isWrite = at % 4 === 0
    const request = new Request(`http://localhost/rest/v1/people?id=eq.${id}${isWrite ? '' : '&select=n,other'}`, {
      method: isWrite ? 'PATCH' : 'GET',
      headers: { apikey: key, ...(isWrite && { 'content-type': 'application/json' }) },
      ...(isWrite && { body: JSON.stringify(at % 8 === 0 ? { price: at % 1000 } : { other: `o${at}` }) }),
    })
    const name = phase
    const response = await runtime.fetch(request)
    await response.arrayBuffer()
    latencies[name] ??= []
    latencies[name].push(performance.now() - dueAt)
    if (response.status >= 300) errors[response.status] = (errors[response.status] ?? 0) + 1
  }

  const startedAt = performance.now()
  const loop = (async (): Promise<void> => {
    while (!stopping) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * rate)
      while (n < due) {
        const work: Promise<void> = send(n, startedAt + (n / rate) * 1000).finally(() => open.delete(work))
        n++
        open.add(work)
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  return {
    phase(name) {
      phase = name
    },
    async stop() {
      stopping = true
      await loop
      await Promise.all(open)
      return { transactions: n, errors, latencies }
    },
  }
}

/** As Postgres' `md5(i::text)::uuid`. */
function idOf(i: number): string {
  const hex = createHash('md5').update(String(i)).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
