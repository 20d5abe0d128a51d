/** Whether a token was signed by one of the issuers, for us, and holds now. */
import { BackSaasError } from '@backsaas/core'
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose'
import { tokenRefused } from './auth-errors.ts'
import type { Issuer } from './issuer.ts'

export interface VerifiedToken {
  readonly issuer: Issuer
  readonly payload: JWTPayload
}

/** Claims and headers of an honest token are far below. */
export const MAX_TOKEN_LENGTH = 8_192
const LEEWAY_S = 5
/** What brings a key along, or says where it is, is believed by nobody. */
const KEYS_IN_HEADER: readonly string[] = ['jwk', 'jku', 'x5u']
const TYPES = /^(?:application\/)?(?:at\+)?jwt$/i
export const SERVICE_TYPE = 'service+jwt'
export const SERVICE_MAX_AGE_S = 300
/** Of keys that nothing tells apart, so many are tried. */
const MAX_TRIED_KEYS = 8

const TEXT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Whether the text is formed as a token; what is not may be a key of another kind. */
export function looksLikeToken(text: string): boolean {
  return TEXT.test(text)
}

/**
 * @param issuersOf those of that name that may speak here.
 * @throws `PGRST301`, `PGRST303` (401); `PROVIDER_UNREACHABLE` (503).
 */
export async function verifyToken(
  token: string,
  issuersOf: (name: string) => readonly Issuer[] | Promise<readonly Issuer[]>,
  nowMs: number,
): Promise<VerifiedToken> {
  const { iss, aud, isService } = readUnverified(token)
  const all = await issuersOf(iss)
  const issuers = all.filter(({ kind }) => (kind === 'service') === isService)
  if (issuers.length === 0) throw tokenRefused('PGRST301', 'the issuer of the token is not known here')
  const issuer = issuers.find(({ audience }) => audience.some((one) => aud.includes(one)))
  if (!issuer) throw tokenRefused('PGRST303', 'the token is meant for somebody else')
  const options: JWTVerifyOptions = {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    audience: [...issuer.audience],
    clockTolerance: LEEWAY_S,
    requiredClaims: ['exp'],
    currentDate: new Date(nowMs),
    ...(isService ? { typ: SERVICE_TYPE, maxTokenAge: SERVICE_MAX_AGE_S } : {}),
  }
  try {
    const { payload } = await verifyWith(token, issuer, options)
    return { issuer, payload }
  } catch (error) {
    throw refused(error)
  }
}

/** What is looked at before anything is proven: only what decides whom to ask. */
function readUnverified(token: string): { iss: string; aud: readonly unknown[]; isService: boolean } {
  if (token.length > MAX_TOKEN_LENGTH) throw tokenRefused('PGRST301', 'the token is too long')
  let header: ReturnType<typeof decodeProtectedHeader>
  let payload: JWTPayload
  try {
    header = decodeProtectedHeader(token)
    payload = decodeJwt(token)
  } catch (error) {
    throw tokenRefused('PGRST301', 'the token cannot be read', error)
  }
  const { typ } = header
  const isService = typ === SERVICE_TYPE
  if (KEYS_IN_HEADER.some((name) => Object.hasOwn(header, name)))
    throw tokenRefused('PGRST301', 'the token brings its own key')
  if (typ !== undefined && !isService && !(typeof typ === 'string' && TYPES.test(typ)))
    throw tokenRefused('PGRST301', 'this kind of token is not taken')
  const { iss, aud } = payload
  if (typeof iss !== 'string') throw tokenRefused('PGRST301', 'the token names no issuer')
  return { iss, aud: Array.isArray(aud) ? aud : [aud], isService }
}

async function verifyWith(token: string, { keys }: Issuer, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  if (keys instanceof Uint8Array) return jwtVerify(token, keys, options)
  try {
    return await jwtVerify(token, keys, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    return tryKeys(token, error, options)
  }
}

/** A token that does not say which of several keys it was signed by. */
async function tryKeys(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let tried = 0
  for await (const key of candidates) {
    if (++tried > MAX_TRIED_KEYS) break
    try {
      return await jwtVerify(token, key, options)
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function refused(error: unknown): Error {
  if (error instanceof BackSaasError) return error
  if (error instanceof errors.JWTExpired) return tokenRefused('PGRST303', 'JWT expired', error)
  if (error instanceof errors.JWTClaimValidationFailed)
    return tokenRefused('PGRST303', `the token's ${error.claim} does not hold here`, error)
  // What else can go wrong with a token lies in the token: a signature, an algorithm, a header, a key of another kind.
  return tokenRefused('PGRST301', 'the token is not valid', error)
}
