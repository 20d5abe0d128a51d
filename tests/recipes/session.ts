/** Recipe: your own session in a Hono app names the callers. */
import type { Database } from '@backsaas/core'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime } from '@backsaas/runtime'
import { Hono } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'

interface User {
  readonly id: string
  readonly tenant: string
  readonly roles: readonly string[]
}

export function createApp(
  database: Database,
  secret: string,
  signIn: (name: string, password: string) => Promise<User | null>,
): Hono {
  const backsaas = createRuntime({
    database,
    plugins: [policies()],
    // Null passes on to API keys.
    identify: async (c) => {
      const session = await getSignedCookie(c, secret, 'session')
      return session ? (JSON.parse(session) as User) : null // signed by us, so it is what we wrote
    },
  })
  const app = new Hono()
  app.post('/login', async (c) => {
    const { name, password } = await c.req.json()
    const user = await signIn(name, password)
    if (!user) return c.json({ error: 'unknown name or password' }, 401)
    const options = { httpOnly: true, secure: true, sameSite: 'Strict', maxAge: 28_800 } as const
    await setSignedCookie(c, 'session', JSON.stringify(user), secret, options)
    return c.json({ id: user.id })
  })
  app.post('/logout', (c) => c.json({ ended: deleteCookie(c, 'session') !== undefined }))
  app.get('/report', async (c) => {
    const { data, error } = await backsaas.for(c).from('articles').select('title').order('title')
    return error ? c.json(error, 403) : c.json(data)
  })
  app.route('/api', backsaas.app)
  return app
}
