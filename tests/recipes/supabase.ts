/** Recipe: supabase-js, with tokens that your own server signs. */
import type { Database } from '@backsaas/core'
import { auth } from '@backsaas/plugins/auth'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { SignJWT } from 'jose'

const ISSUER = 'https://app.example.com'

/** The API: who signs tokens shares a secret with it. */
export function createApi(database: Database, secret: string): Runtime {
  return createRuntime({
    database,
    plugins: [policies(), auth({ issuers: [{ issuer: ISSUER, audience: 'authenticated', secret, users: 'ignore' }] })],
  })
}

/** Your server, once it knows who somebody is. */
export function signToken(secret: string, user: { id: string; tenant: string; roles: string[] }): Promise<string> {
  return new SignJWT({ tenant: user.tenant, roles: user.roles })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience('authenticated')
    .setSubject(user.id)
    .setExpirationTime('15m')
    .sign(new TextEncoder().encode(secret))
}

/** The app in the browser: a publishable key (role `anon`), and a token when somebody has signed in. */
export function createApp(url: string, publishableKey: string, token: () => Promise<string | null>): SupabaseClient {
  return createClient(url, publishableKey, { accessToken: token })
}
