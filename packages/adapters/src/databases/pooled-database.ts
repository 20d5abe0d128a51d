/** A database whose connections outlive a request: a pool for each login. */
import type { Connection, Database, Login } from '@backsaas/core'
import { keepListening, type ListeningConnection, quoteChannel } from './keep-listening.ts'
import type { Lane, LaneOptions } from './lane.ts'
import { createLoginLookup } from './logins.ts'
import { createPool, type Pool } from './pool.ts'
import { unreachable } from './server-error.ts'
import type { ServerOptions } from './server-options.ts'
import { BEGIN, runBatch, runScript, runTransaction } from './session.ts'
import { sessionSettings } from './session-settings.ts'

export interface Driver {
  readonly name: string
  open(options: LaneOptions): Promise<Lane>
  /** @param channel quoted. */
  listen(options: LaneOptions, channel: string, hear: (payload: string) => void): Promise<ListeningConnection>
  /** Batches of the runtime on one connection at once. */
  readonly share: number
}

const HOUR_MS = 3_600_000

/** @example const database = createPooledDatabase({ name: 'postgres', open: openLane, listen: openListening, share: 1 }, () => url, {}) */
export function createPooledDatabase(driver: Driver, url: () => string, options: ServerOptions): Database {
  const { max = 10, serveAs = 'runtime', connectTimeoutMs = 10_000, idleTimeoutMs = 30_000 } = options
  const logins = createLoginLookup(() => connections.owner, serveAs)

  /** @param at in place of the URL. */
  async function connectAs<T>(login: Login, connect: (options: LaneOptions) => Promise<T>, at = url()): Promise<T> {
    try {
      const settings = sessionSettings(login, options.statementTimeoutMs)
      return await connect({ url: at, login: await logins.find(login), settings, connectTimeoutMs })
    } catch (error) {
      logins.forget()
      throw error
    }
  }

  /** A transaction that decides between its statements needs its connection to itself. */
  function createPoolOf(login: Login): Pool {
    const sized = login === 'runtime' ? { max, share: driver.share } : { max: Math.min(max, 4), share: 1 }
    return createPool({ ...sized, open: () => connectAs(login, driver.open), idleTimeoutMs, maxAgeMs: HOUR_MS })
  }

  const pools = {
    runtime: createPoolOf('runtime'),
    migrator: createPoolOf('migrator'),
    // What may take hours takes no connection from what is asked every second.
    scripts: createPoolOf('migrator'),
    owner: createPoolOf('owner'),
  }
  const connections: Readonly<Record<Login, Connection>> = {
    runtime: createConnection(pools.runtime, null),
    migrator: createConnection(pools.migrator, pools.scripts),
    owner: createConnection(pools.owner, pools.owner),
  }

  const listening = new Set<() => Promise<void>>()
  let closed = false

  return {
    name: driver.name,
    can: { listen: true, interactive: true },
    open: (_scope, login = 'runtime') => connections[login],
    async listen(channel, handler, listenOptions = {}) {
      const quoted = quoteChannel(channel)
      if (closed) throw unreachable('08001', 'this database has been closed')
      const { login = 'runtime' } = listenOptions
      const open = (hear: (payload: string) => void): Promise<ListeningConnection> =>
        connectAs(login, (lane) => driver.listen(lane, quoted, hear), options.directUrl)
      const stop = await keepListening(open, handler, listenOptions)
      if (closed) await stop()
      listening.add(stop)
      return async () => {
        listening.delete(stop)
        await stop()
      }
    },
    async close() {
      closed = true
      await Promise.all([...listening].map((stop) => stop()))
      // The owner's last: the others may have to look up their logins yet.
      await Promise.all([pools.runtime.close(), pools.migrator.close(), pools.scripts.close()])
      await pools.owner.close()
    },
  }
}

/** @param scripts null for who has only batches. */
function createConnection(pool: Pool, scripts: Pool | null): Connection {
  const connection: Connection = {
    batch: (statements, hints = {}) =>
      pool.use(
        (lane) => runBatch(lane, statements, { begin: [BEGIN], alone: true, hints }),
        // What shares no transaction gathers with no other: one connection would make each durable in turn, several do it at once.
        hints.sharedBy === undefined ? undefined : statements.at(-1)?.text,
      ),
  }
  if (!scripts) return connection
  return {
    ...connection,
    script: (statements, lock) => scripts.use((lane) => runScript(lane, statements, lock)),
    transaction: (run) => pool.use((lane) => runTransaction(lane, [BEGIN], run)),
  }
}
