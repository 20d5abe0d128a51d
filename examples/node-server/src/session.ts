/** Who is signed in: a signed cookie, as an app of your own would have it. BackSaaS knows nothing of it. */
import type { Context, MiddlewareHandler } from 'hono'
import { getSignedCookie, setSignedCookie } from 'hono/cookie'
import { HTTPException } from 'hono/http-exception'

export interface User {
  readonly id: string
  /** The tenant that the user works for. */
  readonly company: string
}

export type Signed = { Variables: { user: User } }

const COOKIE = 'session'

/** Puts the signed-in user into the context; without one, 401. */
export function session(secret: string, users: readonly User[]): MiddlewareHandler<Signed> {
  return async (c, next) => {
    const id = await getSignedCookie(c, secret, COOKIE)
    const user = users.find((one) => one.id === id)
    if (!user) throw new HTTPException(401, { message: 'sign in first: POST /login' })
    c.set('user', user)
    await next()
  }
}

/** Signs a user in. A real app would ask for more than a name. */
export async function signIn(c: Context, secret: string, users: readonly User[]): Promise<Response> {
  const { id } = await c.req.json<{ id?: unknown }>()
  const user = users.find((one) => one.id === id)
  if (!user) throw new HTTPException(401, { message: 'no such user' })
  await setSignedCookie(c, COOKIE, user.id, secret, { httpOnly: true, sameSite: 'Lax', path: '/' })
  return c.json({ id: user.id, company: user.company })
}
