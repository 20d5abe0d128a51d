/** In workerd, whose keys and digests are its own. */
import { expect, test } from 'vitest'
import { AUDIENCE, bearer, ISSUER, newKey, registryOf, signed, unsigned } from '../../test/issuers.ts'
import { auth, type IssuerOptions, signServiceToken } from './auth.ts'

async function identify(token: string, ...issuers: IssuerOptions[]): Promise<unknown> {
  return auth({ issuers }).stages?.identify?.(bearer(token), registryOf().context)
}

test.each(['ES256', 'RS256', 'EdDSA'])('a token of %s is verified', async (alg) => {
  const key = await newKey('k1', alg)
  const issuer = { issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } }
  expect(await identify(await signed(key, { roles: ['sales'] }), issuer)).toMatchObject({ id: 'ada', roles: ['sales'] })
  const other = await newKey('k1', alg)
  await expect(identify(await signed(other), issuer)).rejects.toMatchObject({ code: 'PGRST301' })
  await expect(identify(unsigned({ alg: 'none' }, { iss: ISSUER, aud: AUDIENCE }), issuer)).rejects.toMatchObject({
    code: 'PGRST301',
  })
})

test('keys that are published are fetched', async () => {
  const key = await newKey('k1')
  const jwks = 'https://id.example.test/jwks'
  const plugin = auth({
    issuers: [{ issuer: ISSUER, audience: AUDIENCE, jwks }],
    fetch: async () => Response.json({ keys: [key.jwk] }),
  })
  const asked = plugin.stages?.identify?.(bearer(await signed(key)), registryOf().context)
  expect(await asked).toMatchObject({ id: 'ada' })
})

test('a service signs and is known', async () => {
  const secret = 'a-secret-that-two-services-share'
  const token = await signServiceToken({ issuer: 's', audience: AUDIENCE, key: secret, id: 's', tenant: 'acme' })
  expect(await identify(token, { kind: 'service', issuer: 's', audience: AUDIENCE, secret })).toMatchObject({
    kind: 'service',
  })
})
