/** BackSaaS on Cloudflare Workers for people who have signed in: at the operator's identity provider, or at their tenant's own. */
import { env } from 'cloudflare:workers'
import { pg } from '@backsaas/adapters/databases/pg'
import { auth } from '@backsaas/plugins/auth'
import { createRuntime, type Runtime } from '@backsaas/runtime'

const backsaas: Runtime = createRuntime({
  database: pg(() => env.HYPERDRIVE.connectionString, { serveAs: 'given' }),
  plugins: [auth({ issuers: JSON.parse(env.ISSUERS) })],
})

export default backsaas
