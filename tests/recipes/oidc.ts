/** Recipe: people of an OpenID Connect provider, by the keys that it publishes. */
import type { Database } from '@backsaas/core'
import { auth } from '@backsaas/plugins/auth'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime } from '@backsaas/runtime'

/**
 * @param issuer as its discovery document says it; that also says where the keys are, as `jwks_uri`.
 * @param insecureLocalhost for a provider on your own machine.
 */
export async function createApi(database: Database, issuer: string, insecureLocalhost = false): Promise<Runtime> {
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { jwks_uri: jwks } = (await discovery.json()) as { jwks_uri: string }
  return createRuntime({
    database,
    plugins: [
      policies(),
      auth({
        insecureLocalhost,
        issuers: [
          {
            issuer,
            // The resource that its tokens are asked for: not the client's id, which is the audience of ID tokens.
            audience: 'urn:example:crm',
            jwks,
            algorithms: ['ES256'],
            claims: { tenant: 'org', roles: 'groups' },
            // Whatever else the provider calls its groups, these alone are roles here.
            allowedRoles: ['editor', 'reader'],
          },
        ],
      }),
    ],
  })
}
