/** The bus over Upstash, wherever it runs. */
import type { Bus } from '@backsaas/core'
import { afterAll, expect, test } from 'vitest'
import { upstash } from '../src/buses/upstash/upstash.ts'
import { busSuite, eventAt } from '../src/testing/bus-suite.ts'

/**
 * Declares the tests; what nobody should put into a stream is put there by single commands of Redis.
 *
 * @example upstashSuite('upstash', () => 'http://127.0.0.1:8079', 'token')
 */
export function upstashSuite(name: string, urlOf: () => string, token: string): void {
  let stream = ''
  const streams: string[] = []
  afterAll(() => command('DEL', ...streams))

  const open = (options: { maxLength?: number } = {}): Bus => {
    stream = `backsaas:test:${crypto.randomUUID()}`
    streams.push(stream)
    return upstash({ url: urlOf(), token, stream, ...options })
  }

  async function command(...words: (string | number)[]): Promise<unknown> {
    const response = await fetch(urlOf(), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(words),
    })
    return response.json()
  }

  busSuite(name, async () => open(), {
    forge: async (message) => void (await command('XADD', stream, '*', 'id', 'x', 'event', message)),
  })

  test(`${name}: it reads what lies there for others, and passes over what is none of ours`, async () => {
    const bus = open({ maxLength: 100 })
    await command('XADD', stream, '*', 'other', '{"a":1}')
    await command('XADD', stream, '*', '__proto__', '{"event":{}}')
    const event = { ...eventAt(1), data: { text: '12', big: 12345678901, nested: ['1', null, 'é 😀'] } }
    await bus.publish([event])
    expect(await bus.read({ position: 0 }, 10)).toEqual([event])
    const { result } = (await command('XRANGE', stream, '-', '+')) as { result: [string, string[]][] }
    expect(result.at(-1)?.[1]).toEqual(['id', event.id, 'event', JSON.stringify(event)])
  })

  test(`${name}: it cannot push, and says so by having no subscribe`, () => {
    expect(open().subscribe).toBeUndefined()
  })

  test(`${name}: a wrong token and a server that is away are told as the bus being away`, async () => {
    const wrong = upstash({ url: urlOf(), token: 'wrong-token' })
    const failure = await wrong.publish([eventAt(1)]).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'BUS_UNREACHABLE', status: 503 })
    expect(String(failure)).not.toContain('wrong-token')
    await expect(wrong.read({ position: 0 }, 1)).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' })
  })

  test(`${name}: options that cannot be right are refused`, () => {
    for (const [url, given] of [
      [undefined, 't'],
      ['', 't'],
      ['redis://x', 't'],
      ['https://x', ''],
      ['https://x', undefined],
      ['https://x', 'a b'],
    ]) {
      expect(() => upstash({ url, token: given })).toThrow(expect.objectContaining({ code: 'UPSTASH_OPTIONS_INVALID' }))
    }
  })
}
