/** The names of tenants that a request carries in its host, path and header; checked before anything is looked up. */
import { isUuid } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'

export interface TenantName {
  readonly by: 'slug' | 'id' | 'host'
  readonly value: string
  /** Where the name stood, for error messages. */
  readonly from: 'host' | 'path' | 'header' | 'caller'
}

const SLUG = /^[a-z][a-z0-9-]{1,62}$/
/** A registrable-looking host: labels of letters, digits and hyphens, at least two, the last one not numeric. */
const HOST = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/**
 * As they stand in path, header and host; whether there are such tenants is another question.
 *
 * @param host of the request's URL, without port.
 * @param pathTenant what stood in the path, `/t/{tenant}`; null where nothing did.
 * @throws `TENANT_NAME_INVALID` (400).
 */
export function tenantNames(
  request: Request,
  host: string,
  pathTenant: string | null,
  hostSuffix: string | null,
): readonly TenantName[] {
  const header = request.headers.get('x-tenant')
  const byHost = tenantOfHost(host, hostSuffix)
  return [
    ...(pathTenant === null ? [] : [tenantName(pathTenant, 'path')]),
    ...(header === null ? [] : [tenantName(header, 'header')]),
    ...(byHost === null ? [] : [byHost]),
  ]
}

/**
 * A tenant's slug or id, as a caller wrote it.
 *
 * @throws `TENANT_NAME_INVALID` (400) where it can be neither: such a text never reaches a query, key or channel.
 * @example tenantName('acme', 'path') // { by: 'slug', value: 'acme', from: 'path' }
 */
export function tenantName(text: string, from: TenantName['from']): TenantName {
  if (SLUG.test(text)) return { by: 'slug', value: text, from }
  if (isUuid(text)) return { by: 'id', value: text.toLowerCase(), from }
  throw runtimeError('TENANT_NAME_INVALID', `the tenant named by the ${from} is neither a slug nor an id`, {
    hint: 'A slug is 2 to 63 lower-case letters, digits and hyphens, beginning with a letter.',
  })
}

/**
 * The tenant that a host may name: `<slug>.<suffix>` names one by its slug, another host perhaps one by its registered
 * hosts, an address or a local name none.
 *
 * @throws `TENANT_NAME_INVALID` (400) where what stands before the suffix is no slug.
 */
export function tenantOfHost(hostname: string, suffix: string | null): TenantName | null {
  const host = hostname.toLowerCase()
  if (suffix !== null) {
    if (host === suffix) return null
    if (host.endsWith(`.${suffix}`)) return tenantName(host.slice(0, -suffix.length - 1), 'host')
  }
  return HOST.test(host) ? { by: 'host', value: host, from: 'host' } : null
}
