/** An app with its own sign-in and its own routes, and BackSaaS mounted at /api. */
import { fileURLToPath } from 'node:url'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { Hono } from 'hono'
import { type Signed, session, signIn, type User } from './session.ts'

export interface App {
  readonly app: Hono<Signed>
  readonly backsaas: Runtime
}

const USERS: readonly User[] = [
  { id: 'ada', company: 'acme' },
  { id: 'grace', company: 'globex' },
]

const CRM = fileURLToPath(new URL('../crm.yaml', import.meta.url))

/** @example const { app, backsaas } = createApp(process.env.DATABASE_URL, process.env.SESSION_SECRET) */
export function createApp(databaseUrl: string, sessionSecret: string): App {
  const backsaas = createRuntime({
    database: pg(databaseUrl),
    schemas: [CRM],
    // Whoever the session says: no API key is needed, and no other tenant can be named.
    identify: (c) => ({ tenant: c.get('user').company, id: c.get('user').id, roles: ['admin'] }),
  })
  const app = new Hono<Signed>()
  app.post('/login', (c) => signIn(c, sessionSecret, USERS))
  app.use(session(sessionSecret, USERS))
  app.route('/api', backsaas.app)
  app.get('/report', async (c) => {
    const { data, error } = await backsaas.for(c).from('contacts').select('email,company(name)').order('email').limit(5)
    return error ? c.json(error, 500) : c.json(data)
  })
  return { app, backsaas }
}
