/** A TCP proxy in front of Postgres, that delays what passes, counts what is sent at once, and cuts connections. */
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface TcpProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string
  /** How many connections are open. */
  connections(): number
  /** How many connections there have been. */
  accepted(): number
  /** Delays each chunk by so much, in both directions. */
  delay(ms: number): void
  /** Cuts every connection, now. */
  cut(): void
  /** Lets go of new connections at once, as a balancer without servers does. */
  refuse(on: boolean): void
  close(): Promise<void>
}

/** @example const proxy = await startTcpProxy('postgres://postgres@127.0.0.1:5432/app') */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const to = new URL(target)
  const sockets = new Set<Socket>()
  let accepted = 0
  let delayMs = 0
  let refusing = false

  const server = createServer((client) => {
    accepted++
    if (refusing) return void client.destroy()
    const upstream = connect(Number(to.port || 5432), to.hostname)
    sockets.add(client)
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      let last = Promise.resolve()
      from.on('data', (chunk) => {
        const due = sleep(delayMs)
        last = last.then(() => due).then(() => void (into.writable && into.write(chunk)))
      })
      from.on('error', () => into.destroy())
      from.on('close', () => last.then(() => into.end()))
    }
    client.on('close', () => sockets.delete(client))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }

  return {
    url: url.href,
    connections: () => sockets.size,
    accepted: () => accepted,
    delay(ms) {
      delayMs = ms
    },
    cut,
    refuse(on) {
      refusing = on
    },
    close() {
      cut()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
