/** Somebody who signs people in to the benchmark's tenant. */
import type { IssuerOptions } from '@backsaas/plugins/auth'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { TENANT } from '../data.ts'

const ISSUER = 'https://id.bench.test'
const AUDIENCE = 'bench'

export interface Tokens {
  readonly issuer: IssuerOptions
  /** Of somebody with the role `admin`, for an hour. */
  readonly token: string
}

/** @param users as in the options of an issuer. */
export async function createTokens(users: 'check' | 'ignore'): Promise<Tokens> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
  const token = await new SignJWT({ tenant: TENANT, roles: ['admin'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  const claims = { tenant: 'tenant', roles: 'roles' }
  return { issuer: { issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [jwk] }, claims, users }, token }
}
