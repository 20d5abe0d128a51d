/** What a request brings to prove who asks: in `apikey`, as `Authorization: Bearer`, or the same in both as supabase-js sends it. */
import { runtimeError } from '../errors/error-catalogue.ts'

const BEARER = /^bearer +(\S+) *$/i

export interface KeyHeaders {
  /** The pass at the gate. */
  readonly apikey: string | null
  readonly bearer: string | null
}

export function readKeyHeaders(headers: Headers): KeyHeaders {
  const authorization = headers.get('authorization')
  return {
    apikey: headers.get('apikey')?.trim() || null,
    bearer: (authorization && BEARER.exec(authorization)?.[1]) || null,
  }
}

/**
 * The one key that a request brings.
 *
 * @returns the key's text, null where there is none.
 * @throws `KEYS_DIFFER` (401) where the two headers hold different ones.
 */
export function onlyKey({ apikey, bearer }: KeyHeaders): string | null {
  if (apikey !== null && bearer !== null && apikey !== bearer)
    throw runtimeError('KEYS_DIFFER', 'apikey and Authorization hold different keys', {
      hint: 'Send the key in one of them, or the same in both.',
      headers: { 'www-authenticate': 'Bearer realm="backsaas", error="invalid_token"' },
    })
  return apikey ?? bearer
}
