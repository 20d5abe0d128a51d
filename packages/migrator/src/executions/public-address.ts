/** Which addresses are public: none of this machine, of a private or local network, of a cloud's own services. */
import { BlockList, isIP } from 'node:net'
import { BackSaasError } from '@backsaas/core'

/** IANA's special-purpose registries, IPv4 and IPv6; what is embedded in IPv6 (mapped, NAT64, 6to4, Teredo) among them. */
const INSIDE: readonly (readonly [net: string, prefix: number])[] = [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.31.196.0', 24],
    ['192.52.193.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['192.175.48.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
]
/** Of IPv6 only what is given out as public unicast is, without what embeds an IPv4 address or stands for documentation. */
const PUBLIC_IPV6 = ['2000::', 3] as const
const INSIDE_IPV6: readonly (readonly [net: string, prefix: number])[] = [
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['2620:4f:8000::', 48],
    ['3fff::', 20],
  ] as const),
]

export interface Reach {
  readonly allowed: boolean
  /** Whether it is one of those that were named. */
  readonly named: boolean
}

/**
 * @param allow addresses inside that may be reached, each perhaps with the length of its prefix.
 * @throws `OPTIONS_INVALID` (500).
 * @example createAddressRule(['10.1.0.0/16'])('10.1.2.3').allowed // true
 */
export function createAddressRule(allow: readonly string[]): (address: string) => Reach {
  const inside = new BlockList()
  for (const [net, prefix] of INSIDE) inside.addSubnet(net, prefix, 'ipv4')
  for (const [net, prefix] of INSIDE_IPV6) inside.addSubnet(net, prefix, 'ipv6')
  const outside = new BlockList()
  outside.addSubnet(...PUBLIC_IPV6, 'ipv6')
  const named = new BlockList()
  for (const one of allow) {
    const [net = '', prefix] = one.split('/')
    const version = isIP(net)
    if (version === 0)
      throw new BackSaasError('OPTIONS_INVALID', 500, `${JSON.stringify(one)} is no address`, {
        hint: 'Give one as 10.1.0.0/16.',
      })
    named.addSubnet(
      net,
      prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix),
      version === 4 ? 'ipv4' : 'ipv6',
    )
  }
  return (address) => {
    const version = isIP(address)
    if (version === 0) return { allowed: false, named: false }
    const family = version === 4 ? 'ipv4' : 'ipv6'
    const isNamed = named.check(address, family)
    const isPublic = !inside.check(address, family) && (version === 4 || outside.check(address, 'ipv6'))
    return { allowed: isNamed || isPublic, named: isNamed }
  }
}
