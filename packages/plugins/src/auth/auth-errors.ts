/** What the plugin refuses with. Codes of PostgREST where it has them, since its clients know those. */
import { BackSaasError, type ErrorCatalogue, type ErrorOptions } from '@backsaas/core'

export type AuthErrorCode = 'PGRST301' | 'PGRST303' | 'USER_SUSPENDED' | 'PROVIDER_UNREACHABLE' | 'AUTH_OPTIONS_INVALID'

export const AUTH_ERRORS: Readonly<Record<AuthErrorCode, ErrorCatalogue[string]>> = Object.freeze({
  PGRST301: { status: 401, message: 'The token is none, or not signed by a key of a known issuer.' },
  PGRST303: { status: 401, message: 'The token is expired, not valid yet, or meant for somebody else.' },
  USER_SUSPENDED: { status: 403, message: 'The user is suspended.' },
  PROVIDER_UNREACHABLE: { status: 503, message: 'The keys of the issuer could not be fetched.' },
  AUTH_OPTIONS_INVALID: { status: 500, message: 'An option of the plugin makes no sense.' },
})

export function authError(code: AuthErrorCode, message: string, options: ErrorOptions = {}): BackSaasError {
  return new BackSaasError(code, AUTH_ERRORS[code].status, message, options)
}

/** A token that is refused: why is told where it helps who has an honest one, and never what would have been right. */
export function tokenRefused(code: 'PGRST301' | 'PGRST303', message: string, cause?: unknown): BackSaasError {
  return authError(code, message, {
    hint: 'Get a new token, or sign in again.',
    headers: { 'www-authenticate': 'Bearer realm="backsaas", error="invalid_token"' },
    cause,
  })
}
