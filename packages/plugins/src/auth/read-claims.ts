/** What a verified token says of its bearer. */
import { isScope } from '@backsaas/core'
import type { JWTPayload } from 'jose'
import { tokenRefused } from './auth-errors.ts'
import type { Issuer } from './issuer.ts'

export interface Claims {
  readonly subject: string
  readonly id: string
  /** Null where it names none. */
  readonly tenant: string | null
  readonly roles: readonly string[]
  readonly email: string | null
  readonly scopes: readonly string[] | null
}

const MAX_ID_LENGTH = 255
const MAX_ROLES = 50
const ROLE = /^[\w:.-]{1,63}$/

/** @throws `PGRST303` (401) where a claim is of another form. */
export function readClaims(payload: JWTPayload, { claims, roles, allowedRoles, kind }: Issuer): Claims {
  const { sub: subject } = payload
  const id = claimAt(payload, claims.id)
  if (!isId(subject) || !isId(id)) throw malformed(claims.id)
  const tenant = claims.tenant === null ? undefined : claimAt(payload, claims.tenant)
  if (tenant !== undefined && typeof tenant !== 'string') throw malformed(String(claims.tenant))
  const email = claimAt(payload, claims.email)
  const isOwnEmail = typeof email === 'string' && email.length <= 320 && payload.email_verified !== false
  const named = readRoles(claimAt(payload, claims.roles), claims.roles)
  const allowed = allowedRoles === null ? named : named.filter((role) => allowedRoles.includes(role))
  return {
    subject,
    id,
    tenant: tenant ?? null,
    roles: [...new Set([...roles, ...allowed])],
    email: isOwnEmail ? email : null,
    scopes: kind === 'service' ? readScopes(payload.scopes) : null,
  }
}

/** A claim of that whole name, as `https://acme.test/roles`; else a path into one. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name] ?? undefined
  let found: unknown = payload
  for (const step of name.split('.')) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string, unknown>)[step] // has it, as seen above
  }
  return found ?? undefined
}

/** Text that goes into look-ups and logs: of a size, and without control characters. */
function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH && !/\p{Cc}/u.test(value)
}

function readRoles(value: unknown, claim: string): readonly string[] {
  if (value === undefined) return []
  const roles: unknown[] = Array.isArray(value) ? value : [value]
  if (roles.length > MAX_ROLES || !roles.every((role) => typeof role === 'string')) throw malformed(claim)
  // Providers have roles of their own, of any form: those that can be none of a schema are not looked at.
  return roles.filter((role) => ROLE.test(role))
}

function readScopes(value: unknown): readonly string[] | null {
  if (value === undefined) return null
  if (!Array.isArray(value) || !value.every(isScope)) throw malformed('scopes')
  return value
}

function malformed(claim: string): Error {
  return tokenRefused('PGRST303', `the token's ${claim} is missing or of another form than it should be`)
}

/** Finds the row of `users`: in the dialect's own words. */
export function userQuery(issuer: string, subject: string): string {
  const [quotedIssuer, quotedSubject] = [issuer, subject].map(encodeURIComponent)
  return `issuer=eq.${quotedIssuer}&subject=eq.${quotedSubject}&select=id,email,status,memberships(role,expires_at)&limit=1`
}
