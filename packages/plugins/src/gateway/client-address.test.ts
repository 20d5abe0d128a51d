import { expect, test } from 'vitest'
import { clientReader } from './client-address.ts'

const read = clientReader(['10.0.0.0/8', '192.0.2.1', '2001:db8:aaaa::/48'])
const via = (headers: Record<string, string>, remote: string | null = '10.1.2.3'): string | null =>
  read(remote, new Headers(headers))

test.each<[string, Record<string, string>, string, string]>([
  ['no proxy: headers are not read', { 'x-forwarded-for': '198.51.100.1' }, '203.0.113.9', '203.0.113.9'],
  ['a proxy says whose it is', { 'x-forwarded-for': '203.0.113.9' }, '10.1.2.3', '203.0.113.9'],
  [
    'what the client made up stands further left',
    { 'x-forwarded-for': '1.1.1.1, 203.0.113.9' },
    '10.1.2.3',
    '203.0.113.9',
  ],
  ['proxies in a chain', { 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 192.0.2.1, 10.9.9.9' }, '10.1.2.3', '203.0.113.9'],
  ['all of them proxies', { 'x-forwarded-for': '10.0.0.1, 10.0.0.2' }, '10.1.2.3', '10.0.0.1'],
  ['rubbish', { 'x-forwarded-for': 'made up' }, '10.1.2.3', '10.1.2.3'],
  ['rubbish next to an address', { 'x-forwarded-for': '203.0.113.9, <script>' }, '10.1.2.3', '10.1.2.3'],
  ['a decimal address', { 'x-forwarded-for': '3405803785' }, '10.1.2.3', '10.1.2.3'],
  ['an octal one', { 'x-forwarded-for': '0313.0.0161.011' }, '10.1.2.3', '10.1.2.3'],
  ['Forwarded', { forwarded: 'for=1.1.1.1, for=203.0.113.9;proto=https' }, '10.1.2.3', '203.0.113.9'],
  ['Forwarded comes first', { forwarded: 'for=203.0.113.9', 'x-forwarded-for': '1.1.1.1' }, '10.1.2.3', '203.0.113.9'],
  ['Forwarded that hides', { forwarded: 'for=_hidden' }, '10.1.2.3', '10.1.2.3'],
  ['a port', { 'x-forwarded-for': '203.0.113.9:4711' }, '10.1.2.3', '203.0.113.9'],
  ['IPv6 counts by network', { forwarded: 'for="[2001:db8:1:2:3:4:5:6]:4711"' }, '10.1.2.3', '2001:db8:1:2::/64'],
  ['an IPv6 proxy', { 'x-forwarded-for': '2001:db8:1:2::9' }, '2001:db8:aaaa::1', '2001:db8:1:2::/64'],
  ['IPv4 in IPv6', { 'x-forwarded-for': '::ffff:203.0.113.9' }, '::ffff:10.1.2.3', '203.0.113.9'],
])('%s', (_name, headers, remote, client) => expect(via(headers, remote)).toBe(client))

test('rotating what a client can write makes no other bucket', () => {
  const buckets = new Set<string | null>()
  for (let i = 0; i < 500; i++) {
    buckets.add(via({ 'x-forwarded-for': `1.2.${i % 256}.${i % 199}, 203.0.113.9` }))
    buckets.add(via({ 'x-forwarded-for': `1.2.3.${i % 256}` }, '203.0.113.9'))
    buckets.add(read(`2001:db8:5:5::${i.toString(16)}`, new Headers()))
  }
  expect([...buckets]).toEqual(['203.0.113.9', '2001:db8:5:5::/64'])
})

test('an endless chain costs little', () => {
  const from = performance.now()
  expect(via({ 'x-forwarded-for': '10.0.0.1,'.repeat(100_000) })).toBe('10.1.2.3')
  expect(performance.now() - from).toBeLessThan(1000)
})

test('what is no range is refused at once', () => {
  for (const text of ['everyone', '10.0.0.0/99', '', '10.0.0'])
    expect(() => clientReader([text])).toThrow('trustedProxies')
})
