/** A port, held from the start and served when there is something to serve. */
import type { Server } from 'node:http'
import { BackSaasError } from '@backsaas/core'
import { createAdaptorServer } from '@hono/node-server'

export interface Listener {
  /** With the port that was really taken. */
  readonly url: string
  /** From now on requests go to `handle`; until then they are answered 503. */
  serve(handle: (request: Request) => Response | Promise<Response>): void
  /** Takes no more requests, and waits for those under way. Once is enough, twice does no harm. */
  close(): Promise<void>
}

/** Above the runtime's own limit of a URL, so that the answer is the runtime's. */
const MAX_HEADER_BYTES = 64 * 1024
const DRAIN_MS = 8_000
const SWEEP_MS = 20

/**
 * Takes a port.
 *
 * @throws `PORT_IN_USE` (409), `PORT_REFUSED` (403) or `HOST_UNKNOWN` (400).
 * @example const listener = await listen(8787, '127.0.0.1')
 */
export async function listen(port: number, host: string): Promise<Listener> {
  let handle: (request: Request) => Response | Promise<Response> = starting
  const server = createAdaptorServer({
    fetch: (request) => handle(request),
    serverOptions: { maxHeaderSize: MAX_HEADER_BYTES },
  }) as Server // without `createServer` in its options the adapter makes an HTTP/1.1 server
  await take(server, port, host)
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  let closed: Promise<void> | null = null
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    serve: (next) => {
      handle = next
    },
    close: () => {
      closed ??= drain(server)
      return closed
    },
  }
}

function starting(): Response {
  return Response.json({ status: 'starting' }, { status: 503, headers: { 'retry-after': '1' } })
}

function take(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refused(error, port, host)))
    server.listen(port, host, () => resolve())
  })
}

function refused(error: NodeJS.ErrnoException, port: number, host: string): BackSaasError {
  const cause = { cause: error }
  if (error.code === 'EADDRINUSE') {
    return new BackSaasError('PORT_IN_USE', 409, `port ${port} is in use`, {
      hint: 'set PORT to another one',
      ...cause,
    })
  }
  if (error.code === 'EACCES') {
    return new BackSaasError('PORT_REFUSED', 403, `port ${port} is not allowed`, {
      hint: 'set PORT above 1023',
      ...cause,
    })
  }
  return new BackSaasError('HOST_UNKNOWN', 400, `cannot listen on ${host}: ${error.code ?? error.message}`, cause)
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    // A connection whose last answer is out would be kept for a next request that is not wanted any more.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
    server.close(() => {
      clearTimeout(impatient)
      clearInterval(sweep)
      resolve()
    })
  })
}
