/** Whose request it is, as far as addresses tell: only what a trusted proxy says of it is believed. */
import ipaddr from 'ipaddr.js'
import { gatewayError } from './gateway-errors.ts'

export type ReadClient = (remoteAddress: string | null, headers: Headers) => string | null

/** Longer than any honest chain of proxies. */
const MAX_HOPS = 20
const MAX_LENGTH = 2_000
const MAX_KNOWN = 10_000

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * The address of the client: the connection's own; behind trusted proxies, the last one that they name and that is no proxy itself.
 * What a client writes into the headers stands further left, and is never read.
 *
 * @param trusted addresses and ranges of proxies, as `10.0.0.0/8`.
 * @returns what is counted together: an IPv4 address, or the /64 of an IPv6 one; null where the platform does not tell.
 * @throws `GATEWAY_OPTIONS_INVALID` where one of them is none.
 * @example clientReader(['10.0.0.0/8'])('10.0.0.7', new Headers({ 'x-forwarded-for': 'made-up, 203.0.113.9' })) // '203.0.113.9'
 */
export function clientReader(trusted: readonly string[]): ReadClient {
  const ranges = trusted.map(readRange)
  const isTrusted = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
    ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range as ipaddr.IPv4, bits))
  /** What an address is by itself; null where what it says of others has to be read too. */
  const alone = remembering((text: string): string | null => {
    const remote = readAddress(text)
    return remote === null || isTrusted(remote) ? null : bucketOf(remote)
  })
  return (remoteAddress, headers) => {
    if (remoteAddress === null) return null
    const own = alone(remoteAddress)
    if (own !== null) return own
    const remote = readAddress(remoteAddress)
    if (remote === null) return null
    let client = remote
    for (const hop of hopsOf(headers).reverse()) {
      const address = readAddress(hop)
      // What is no address was made up: the proxy that passed it on is as far as can be seen.
      if (address === null) break
      client = address
      if (!isTrusted(address)) break
    }
    return bucketOf(client)
  }
}

/** A connection brings many requests. Of very many addresses all are forgotten now and then. */
function remembering(read: (text: string) => string | null): (text: string) => string | null {
  const known = new Map<string, string | null>()
  return (text) => {
    let found = known.get(text)
    if (found === undefined) {
      if (known.size >= MAX_KNOWN) known.clear()
      found = read(text)
      known.set(text, found)
    }
    return found
  }
}

function readRange(text: string): Range {
  const address = readAddress(text)
  if (address) return exactly(address)
  try {
    return ipaddr.parseCIDR(text)
  } catch (cause) {
    throw gatewayError('GATEWAY_OPTIONS_INVALID', `trustedProxies: ${JSON.stringify(text)} is no address or range`, {
      cause,
    })
  }
}

function exactly(address: ipaddr.IPv4 | ipaddr.IPv6): Range {
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** The nearest proxy's word last. `Forwarded` (RFC 7239) comes before `X-Forwarded-For`: a proxy that knows it writes it. */
function hopsOf(headers: Headers): string[] {
  const forwarded = headers.get('forwarded')
  const text = forwarded ?? headers.get('x-forwarded-for') ?? ''
  const hops = text.slice(-MAX_LENGTH).split(',').slice(-MAX_HOPS)
  return forwarded === null ? hops.map((hop) => hop.trim()) : hops.map(forOf)
}

function forOf(element: string): string {
  const match = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;\s]*)/i.exec(element)
  return match?.[1]?.replaceAll('"', '') ?? ''
}

/** `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; of `::ffff:203.0.113.9` the IPv4 address. */
function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (text.length > 60) return null
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1]
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)?.[1]
  const bare = (bracketed ?? withPort ?? text).replace(/%.*$/, '')
  // Its older forms (decimal, octal, short) are no addresses that a proxy writes.
  if (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return null
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null
}

/** One who has an IPv6 network has all of its addresses. */
function bucketOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address.kind() === 'ipv4') return address.toString()
  const { parts } = address as ipaddr.IPv6 // the other kind
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
