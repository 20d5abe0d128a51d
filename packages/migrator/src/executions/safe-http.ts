/** An HTTP client that reaches no address inside: what a name leads to is looked at when the connection is made. */
import { lookup as resolve } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { BackSaasError, type HttpAnswer, type HttpClient, type HttpRequest } from '@backsaas/core'
import { createAddressRule } from './public-address.ts'

export interface SafeHttpOptions {
  /** Addresses inside that may be reached all the same, as `127.0.0.1` or `10.1.0.0/16`. */
  readonly allow?: readonly string[]
  /** Whether plain `http:` may be spoken; only with what `allow` names unless given. */
  readonly plain?: boolean
}

const REDIRECTS_MAX = 3
/** Those that repeat the request as it was. */
const REPEATING: ReadonlySet<number> = new Set([307, 308])
const BODY_MAX = 1_048_576

/**
 * @throws `OPTIONS_INVALID` where `allow` holds what is no address.
 * @example const http = safeHttp({ allow: ['10.1.0.0/16'] })
 */
export function safeHttp(options: SafeHttpOptions = {}): HttpClient {
  const mayReach = createAddressRule(options.allow ?? [])
  const lookup = safeLookup(mayReach)
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: 64 }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: 64 }),
  }

  async function send(asked: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    const { protocol, hostname } = url
    if (asked.hosts && !asked.hosts.includes(hostname)) throw forbidden(url, 'the function names no such host')
    if (protocol !== 'https:' && protocol !== 'http:') throw forbidden(url, 'only http and https are spoken')
    if (url.username !== '' || url.password !== '') throw forbidden(url, 'a URL holds no password')
    // A literal address is looked up by nobody.
    const literal = hostname.replace(/^\[|\]$/g, '')
    const isLiteral = /^[\d.]+$/.test(literal) || literal.includes(':')
    if (isLiteral && !mayReach(literal).allowed) throw forbidden(url, 'the address is not a public one')
    if (protocol === 'http:' && !options.plain && !(isLiteral && mayReach(literal).named))
      throw forbidden(url, 'only https is spoken')
    const open = protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise<HttpAnswer>((done, fail) => {
      const { method = 'GET', headers = {}, body, maxBytes = 65_536 } = asked
      const sent = open(url, { method, headers, lookup, signal, agent: agents[protocol] }, (response) => {
        read(response, maxBytes).then(done, fail)
      })
      sent.on('error', fail)
      sent.end(body)
    })
  }

  async function follow(asked: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let url = new URL(asked.url)
    for (let hops = 0; ; hops++) {
      const answer = await send(asked, url, signal)
      const { location } = answer.headers
      if (!REPEATING.has(answer.status) || location === undefined) return answer
      if (hops === REDIRECTS_MAX) throw forbidden(url, `it redirects more than ${REDIRECTS_MAX} times`)
      if (!URL.canParse(location, url)) throw forbidden(url, 'it redirects to no URL')
      const next = new URL(location, url)
      if (url.protocol === 'https:' && next.protocol !== 'https:') throw forbidden(next, 'it redirects away from https')
      url = next
    }
  }

  return async (asked) => {
    if (!URL.canParse(asked.url)) throw new BackSaasError('HTTP_FORBIDDEN', 422, 'it is no URL')
    if ((asked.body?.length ?? 0) > BODY_MAX)
      throw new BackSaasError('HTTP_FORBIDDEN', 422, 'the body is too long to send')
    const signal = AbortSignal.timeout(asked.timeoutMs ?? 10_000)
    try {
      return await follow(asked, signal)
    } catch (error) {
      throw translate(error, signal, asked.url)
    }
  }
}

/** Answers only with addresses that may be reached, all of which were looked up at once: none is asked for again. */
function safeLookup(mayReach: ReturnType<typeof createAddressRule>): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const allowed = found.filter(({ address }) => mayReach(address).allowed)
      const [first] = allowed
      if (!first) return callback(Object.assign(new Error('inside'), { code: 'EINSIDE' }), '', 0)
      if (options.all) return callback(null, allowed)
      callback(null, first.address, first.family)
    })
  }
}

async function read(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) break
  }
  // What is left unread ends with its connection.
  if (length > maxBytes) response.destroy()
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'),
    truncated: length > maxBytes,
  }
}

function forbidden({ host }: URL, reason: string): BackSaasError {
  return new BackSaasError('HTTP_FORBIDDEN', 422, `${host.slice(0, 200)} may not be reached: ${reason}`)
}

/** Of what the network says the client learns no address. */
function translate(error: unknown, signal: AbortSignal, url: string): BackSaasError {
  if (error instanceof BackSaasError) return error
  const { host } = new URL(url)
  if (signal.aborted) return new BackSaasError('HTTP_TIMEOUT', 503, `${host} did not answer in time`, { cause: error })
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (code === 'EINSIDE') return forbidden(new URL(url), 'the name leads to no public address')
  return new BackSaasError('HTTP_FAILED', 503, `${host} cannot be reached (${code})`, { cause: error })
}
