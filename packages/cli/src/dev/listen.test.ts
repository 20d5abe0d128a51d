/** The port is held before it serves, and given back when requests under way are answered. */
import { expect, test } from 'vitest'
import { listen } from './listen.ts'

const HOST = '127.0.0.1'

test('until there is something to serve, the answer is 503', async () => {
  const listener = await listen(0, HOST)
  expect((await fetch(`${listener.url}/healthz`)).status).toBe(503)
  listener.serve(() => new Response('here'))
  expect(await (await fetch(listener.url)).text()).toBe('here')
  await listener.close()
  await expect(fetch(listener.url)).rejects.toThrow()
})

test('a port that is in use is refused, and named', async () => {
  const listener = await listen(0, HOST)
  const port = Number(new URL(listener.url).port)
  await expect(listen(port, HOST)).rejects.toMatchObject({ code: 'PORT_IN_USE', message: `port ${port} is in use` })
  await listener.close()
})

test('closing waits for a request under way, and may be asked for twice', async () => {
  const listener = await listen(0, HOST)
  const { promise: answered, resolve: answer } = Promise.withResolvers<Response>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  listener.serve(() => {
    arrive()
    return answered
  })
  const response = fetch(listener.url)
  await arrived
  const closed = Promise.all([listener.close(), listener.close()])
  answer(new Response('late'))
  expect(await (await response).text()).toBe('late')
  await closed
})

test('a URL far over the limit still reaches the handler, whose answer it is', async () => {
  const listener = await listen(0, HOST)
  listener.serve((request) => new Response(String(request.url.length)))
  const response = await fetch(`${listener.url}/?q=${'x'.repeat(40_000)}`)
  expect(Number(await response.text())).toBeGreaterThan(40_000)
  await listener.close()
})
