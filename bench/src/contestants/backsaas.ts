/** BackSaaS as a process, over real HTTP: `backsaas.ts pg|postgres PORT URL POOL`. API key, fence and row security on. */
import { pg } from '@backsaas/adapters/databases/pg'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { createRuntime } from '@backsaas/runtime'
import { serve } from '@hono/node-server'

const [driver = 'postgres', port = '0', url = '', pool = '10'] = process.argv.slice(2)
const open = { pg, postgres }[driver]
if (!open) throw new Error(`no adapter ${driver}`)
const runtime = createRuntime({ database: open(url, { max: Number(pool) }) })
await runtime.ready()
process.on('SIGINT', () => process.exit(0))
serve({ fetch: (request) => runtime.fetch(request), port: Number(port), hostname: '127.0.0.1' }, () =>
  process.send?.('ready'),
)
