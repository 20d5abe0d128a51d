/** BackSaaS on Cloudflare Workers, beside a route of our own. */
import { env } from 'cloudflare:workers'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime } from '@backsaas/runtime'
import { Hono } from 'hono'

// The URL is the runtime's own login: an edge worker has no business knowing the owner's.
const backsaas = createRuntime({ database: pg(() => env.HYPERDRIVE.connectionString, { serveAs: 'given' }) })

const app = new Hono()
app.get('/report', async (c) => c.json(await backsaas.for(c).from('contacts').select('id').limit(5)))
app.route('/', backsaas.app)

export default app
