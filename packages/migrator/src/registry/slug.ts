/** What a tenant may be called: part of host names, paths and role-free identifiers. */
import { BackSaasError } from '@backsaas/core'

const SLUG = /^[a-z][a-z0-9-]{1,62}$/
/** Taken by the platform, or by what commonly stands in front of a domain. */
const RESERVED: readonly string[] = [
  'system',
  'platform',
  'backsaas',
  'admin',
  'api',
  'app',
  'www',
  'healthz',
  'localhost',
]
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** @throws `TENANT_SLUG_INVALID` (422) or `TENANT_SLUG_RESERVED` (422). */
export function checkSlug(slug: string): void {
  if (!SLUG.test(slug) || slug.endsWith('-')) {
    throw new BackSaasError('TENANT_SLUG_INVALID', 422, `${JSON.stringify(slug)} cannot be a tenant's slug`, {
      hint: 'two to 63 lower-case letters, digits and hyphens; a letter first, no hyphen last',
    })
  }
  if (RESERVED.includes(slug)) {
    throw new BackSaasError('TENANT_SLUG_RESERVED', 422, `the slug "${slug}" is reserved`, { hint: 'choose another' })
  }
}

/** @throws `TENANT_HOST_INVALID` (422) where `host` is not a lower-case host name without port. */
export function checkHost(host: string): void {
  if (HOST.test(host)) return
  throw new BackSaasError('TENANT_HOST_INVALID', 422, `${JSON.stringify(host)} is not a host name`, {
    hint: 'lower-case letters, digits, hyphens and dots; no scheme, port or path; international names in their xn-- form',
  })
}
