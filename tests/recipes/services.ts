/** Recipe: one service of yours asks another, with a token for that and for a minute. */
import type { Database } from '@backsaas/core'
import { auth, signServiceToken } from '@backsaas/plugins/auth'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime } from '@backsaas/runtime'
import type { JSONWebKeySet, JWK } from 'jose'

/** The API knows the public key of the service that asks. */
export function createApi(database: Database, publicKeys: JSONWebKeySet): Runtime {
  const billing = {
    kind: 'service',
    issuer: 'billing',
    audience: 'crm',
    jwks: publicKeys,
    algorithms: ['EdDSA'],
  } as const
  return createRuntime({ database, plugins: [policies(), auth({ issuers: [billing] })] })
}

/** The service that asks has the private one: it reads what it needs, in the tenant that it works for. */
export async function readTitles(
  fetch: (request: Request) => Promise<Response>,
  key: JWK,
  tenant: string,
): Promise<unknown> {
  const token = await signServiceToken({
    issuer: 'billing',
    audience: 'crm',
    key,
    id: 'billing',
    tenant,
    roles: ['reader'],
    scopes: ['articles:read'],
  })
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(
    new Request('https://crm.internal/rest/v1/articles?select=title&order=title', { headers }),
  )
  return response.json()
}
