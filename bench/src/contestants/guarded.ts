/**
 * BackSaaS behind its gateway, for people who have signed in: rules, tokens, limits in this process, room shared among tenants.
 * `guarded.ts pg URL POOL`, with the issuers of tokens in `BENCH_ISSUERS`, as JSON.
 */
import { pg } from '@backsaas/adapters/databases/pg'
import { auth } from '@backsaas/plugins/auth'
import { gateway } from '@backsaas/plugins/gateway'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { serve } from '@hono/node-server'

const [, url = '', pool = '10'] = process.argv.slice(2)
/** So much that nobody of the benchmark meets it: what is measured is the counting. */
const plenty = { points: 100_000_000, seconds: 60 }
const runtime = createRuntime({
  database: pg(url, { max: Number(pool) }),
  plugins: [
    policies(),
    auth({ issuers: JSON.parse(process.env.BENCH_ISSUERS ?? '[]') }),
    gateway({ limits: { ip: plenty, tenant: plenty, key: plenty, principal: plenty } }),
  ],
})
await runtime.ready()
process.on('disconnect', () => process.exit())
serve({ fetch: (request, env) => runtime.fetch(request, env), port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  process.send?.(port),
)
