/**
 * BackSaaS as a process, over real HTTP, with API keys, fence and row security: `backsaas.ts pg|postgres URL POOL`.
 * To the message `heap` it answers the bytes of its heap after a collection (`--expose-gc`).
 */
import { pg } from '@backsaas/adapters/databases/pg'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { createRuntime } from '@backsaas/runtime'
import { serve } from '@hono/node-server'

const [driver = 'pg', url = '', pool = '10'] = process.argv.slice(2)
const open = { pg, postgres }[driver]
if (!open) throw new Error(`no adapter ${driver}`)
const runtime = createRuntime({ database: open(url, { max: Number(pool) }) })
await runtime.ready()
process.on('message', async () => process.send?.(await heapBytes()))
process.on('disconnect', () => process.exit())
serve({ fetch: (request) => runtime.fetch(request), port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  process.send?.(port),
)

/** What weak references hold goes in a later collection than what holds them. */
async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}
