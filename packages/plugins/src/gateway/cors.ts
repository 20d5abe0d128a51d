/** Which web pages may call: those of origins that the operator or the tenant has named, compared whole. */
import type { ArriveContext, JsonObject } from '@backsaas/core'
import { gatewayError } from './gateway-errors.ts'

export interface CorsOptions {
  /** For all tenants, as `https://app.example.com`; `*` for any page, which may then bring no cookies. */
  readonly origins?: readonly string[]
  /** Whether pages of these origins may bring cookies, for a session of your own. Default: false. */
  readonly credentials?: boolean
}

export interface Cors {
  /** Answers a preflight; refuses what a page of a foreign origin would change; puts the headers on all else. */
  arrive(context: ArriveContext): Promise<Response | null> | null
}

const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const ALLOWED_HEADERS = [
  ...['accept', 'accept-profile', 'apikey', 'authorization', 'content-profile', 'content-type', 'idempotency-key'],
  ...['if-match', 'if-none-match', 'last-event-id', 'prefer', 'range', 'range-unit', 'x-client-info', 'x-request-id'],
  ...['x-supabase-api-version', 'x-tenant', 'x-retry-count'],
].join(', ')
const EXPOSED_HEADERS = [
  ...['content-location', 'content-profile', 'content-range', 'etag', 'link', 'location', 'preference-applied'],
  ...['ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
].join(', ')
const MAX_AGE_S = '600'
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const SETTINGS_QUERY = 'select=origins&limit=1'

/** @throws `GATEWAY_OPTIONS_INVALID`. */
export function createCors({ origins = [], credentials = false }: CorsOptions): Cors {
  const anyOrigin = origins.includes('*')
  if (anyOrigin && credentials)
    throw gatewayError('GATEWAY_OPTIONS_INVALID', 'cors: any origin and credentials cannot go together')
  const wrong = origins.find((origin) => origin !== '*' && !isOrigin(origin))
  if (wrong !== undefined)
    throw gatewayError(
      'GATEWAY_OPTIONS_INVALID',
      `cors: ${JSON.stringify(wrong)} is no origin, as https://app.example.com`,
    )
  const own: ReadonlySet<string> = new Set(origins)

  async function arrive(origin: string, context: ArriveContext): Promise<Response | null> {
    const { request } = context
    context.setHeader('vary', 'origin')
    const isAllowed = isOrigin(origin) && (anyOrigin || own.has(origin) || (await ofTenant(origin, context)))
    const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
    if (!isAllowed) {
      if (isPreflight || SAFE_METHODS.has(request.method) || isSameSite(origin, request))
        return isPreflight ? refusedPreflight() : null
      throw gatewayError('ORIGIN_REFUSED', 'pages of this origin may not write here', {
        hint: 'The tenant’s admin names origins in `settings`; the operator in `cors` of the gateway.',
      })
    }
    context.setHeader('access-control-allow-origin', anyOrigin ? '*' : origin)
    if (credentials && own.has(origin)) context.setHeader('access-control-allow-credentials', 'true')
    context.setHeader('access-control-expose-headers', EXPOSED_HEADERS)
    return isPreflight ? preflight() : null
  }

  return {
    arrive(context) {
      const origin = context.request.headers.get('origin')
      // Only web pages have one.
      return origin === null ? null : arrive(origin, context)
    },
  }
}

/** Named by host or path: a preflight brings no key and no header of ours. */
async function ofTenant(origin: string, context: ArriveContext): Promise<boolean> {
  const tenant = await context.namedTenant()
  if (!tenant) return false
  const [settings] = await context.registryRows(tenant.id, 'settings', SETTINGS_QUERY)
  return listed(settings, origin)
}

function listed(settings: JsonObject | undefined, origin: string): boolean {
  return Array.isArray(settings?.origins) && settings.origins.includes(origin)
}

/** As browsers write it, to the letter: so `null`, a path, another port and what only begins or ends alike are other texts. */
function isOrigin(text: string): boolean {
  if (text.length > 300 || !/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  return new URL(text).origin === text
}

/** A page of the server itself. */
function isSameSite(origin: string, request: Request): boolean {
  return isOrigin(origin) && origin === new URL(request.url).origin
}

function preflight(): Response {
  const headers = {
    'access-control-allow-methods': ALLOWED_METHODS,
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': MAX_AGE_S,
    vary: 'access-control-request-method, access-control-request-headers',
  }
  return new Response(null, { status: 204, headers })
}

/** Without a header that allows: browsers tell the page no more than that. */
function refusedPreflight(): Response {
  return new Response(null, { status: 204 })
}
