/** Somebody who signs people in, for tests: its keys, and tokens as they are usual. */
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'

export interface SignIn {
  readonly issuer: string
  readonly jwks: JSONWebKeySet
  token(subject: string, claims?: Record<string, unknown>, seconds?: number): Promise<string>
}

export const AUDIENCE = 'desk'

export async function createSignIn(issuer = 'https://id.desk.test'): Promise<SignIn> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    issuer,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] },
    token: (subject, claims = {}, seconds = 3600) =>
      new SignJWT({ tenant: 'acme', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${seconds}s`)
        .sign(privateKey),
  }
}
