import { expect, test } from 'vitest'
import { readBody } from './read-body.ts'

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
}

/** Chunks of 10 bytes, without a content-length; tells how many were asked for. */
function endless(): { stream: ReadableStream<Uint8Array>; pulled: () => number } {
  let count = 0
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    count += 1
    controller.enqueue(new Uint8Array(10).fill(97))
  }
  return { stream: new ReadableStream({ pull }), pulled: () => count }
}

test('reads text once and answers it again', async () => {
  const request = post('{"a":"ü"}')
  expect(await readBody(request, 100)).toBe('{"a":"ü"}')
  expect(await readBody(request, 100)).toBe('{"a":"ü"}')
  expect(await readBody(new Request('http://localhost/'), 100)).toBe('')
  expect(await readBody(new Request('http://localhost/', { method: 'DELETE' }), 100)).toBe('')
})

test('stops an endless body at the limit, whatever content-length says', async () => {
  const { stream, pulled } = endless()
  await expect(readBody(post(stream), 100)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE', status: 413 })
  expect(pulled()).toBeLessThan(15)
})

test('refuses by content-length before reading', async () => {
  const request = post('x', { 'content-length': '101' })
  await expect(readBody(request, 100)).rejects.toMatchObject({ status: 413 })
  expect(request.bodyUsed).toBe(false)
})

test('a body of exactly the limit passes', async () => {
  expect(await readBody(post('a'.repeat(100)), 100)).toHaveLength(100)
})

test('compressed, broken off and not UTF-8 are clear errors', async () => {
  await expect(readBody(post('x', { 'content-encoding': 'gzip' }), 100)).rejects.toMatchObject({ status: 415 })
  await expect(readBody(post(new Uint8Array([0xff, 0xfe])), 100)).rejects.toMatchObject({ code: 'BODY_UNREADABLE' })
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
  await expect(readBody(post(broken), 100)).rejects.toMatchObject({ code: 'BODY_UNREADABLE', status: 400 })
})
