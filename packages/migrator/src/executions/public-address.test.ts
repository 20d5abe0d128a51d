import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createAddressRule } from './public-address.ts'
import { pauseMs } from './run-execution.ts'
import { safeHttp } from './safe-http.ts'

const INSIDE = [
  ...[
    '127.0.0.1',
    '127.9.9.9',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
  ],
  ...['100.64.0.1', '192.0.0.8', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1'],
  ...[
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'ff02::1',
  ],
  ...['2001::1', 'no address', '', '127.1'],
]

test.each(INSIDE)('%j is not public', (address) => {
  expect(createAddressRule([])(address)).toEqual({ allowed: false, named: false })
})

test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::'])('%s is', (address) => {
  expect(createAddressRule([])(address).allowed).toBe(true)
})

test('what is named may be reached, and nothing beside it', () => {
  const may = createAddressRule(['10.1.0.0/16', '::1'])
  expect([may('10.1.2.3').allowed, may('10.2.0.0').allowed, may('::1').allowed]).toEqual([true, false, true])
  expect(() => createAddressRule(['localhost'])).toThrow('no address')
})

const REFUSED = [
  ...['http://127.0.0.1/', 'https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/'],
  ...[
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://169.254.169.254/latest/meta-data',
  ],
  ...['ftp://example.com/', 'file:///etc/passwd', 'https://user:secret@example.com/', 'http://8.8.8.8/', 'no url'],
]

test.each(REFUSED)('%s is not reached', async (url) => {
  await expect(safeHttp()({ url, timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'HTTP_FORBIDDEN', status: 422 })
})

test('a redirect inside, an answer without end and one that never comes', async () => {
  const server = createServer((request, response) => {
    const { url = '' } = request
    if (url === '/hang') return
    if (url === '/huge') {
      response.writeHead(200)
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more))
      return more()
    }
    if (url === '/again') return void response.writeHead(307, { location: '/again' }).end()
    if (url === '/ok') return void response.writeHead(200).end('fine')
    response.writeHead(308, { location: url === '/meta' ? 'http://169.254.169.254/' : '/ok' }).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // it listens on a port
  const http = safeHttp({ allow: ['127.0.0.1'] })
  const get = (path: string) => http({ url: `http://127.0.0.1:${port}${path}`, timeoutMs: 500, maxBytes: 1_000 })
  try {
    await expect(get('/meta')).rejects.toMatchObject({ code: 'HTTP_FORBIDDEN' })
    await expect(get('/again')).rejects.toMatchObject({ code: 'HTTP_FORBIDDEN' })
    await expect(get('/hang')).rejects.toMatchObject({ code: 'HTTP_TIMEOUT' })
    expect(await get('/to')).toMatchObject({ status: 200, body: 'fine', truncated: false })
    const huge = await get('/huge')
    expect([huge.body.length, huge.truncated]).toEqual([1_000, true])
    // By name it is not one of those that were named as addresses, and plain http is for those alone.
    await expect(http({ url: `http://localhost:${port}/ok` })).rejects.toMatchObject({ code: 'HTTP_FORBIDDEN' })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('pauses grow, are never more than an hour, and differ', () => {
  expect(pauseMs(1, 1)).toBe(2_000)
  expect(pauseMs(4, 1)).toBe(16_000)
  expect(pauseMs(40, 1)).toBe(3_600_000)
  expect(pauseMs(4, 0)).toBeCloseTo(1_600)
})
