/** BackSaaS on Cloudflare Workers, beside a route of our own. */
import { env } from 'cloudflare:workers'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { Hono } from 'hono'

const backsaas: Runtime = createRuntime({
  // The URL is the runtime's own login: a worker has no business knowing the owner's.
  database: pg(() => env.HYPERDRIVE.connectionString, { serveAs: 'given' }),
})

const app: Hono = new Hono()
app.get('/report', async (c) => {
  // As whoever made the request: an API key here, since there is no `identify`.
  const { data, error } = await backsaas.for(c).from('contacts').select('id,email').order('email').limit(5)
  return error ? c.json(error, 403) : c.json(data)
})
app.all('*', (c) => backsaas.fetch(c.req.raw, c.env, c.executionCtx))

export default app
