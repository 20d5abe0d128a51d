/** A database whose connections live as long as a request: on Workers, what one has opened no other can use. */
import type { Connection, Database, Login, Scope } from '@backsaas/core'
import type { Lane } from '../lane.ts'
import { createLoginLookup } from '../logins.ts'
import type { Driver } from '../pooled-database.ts'
import { unreachable } from '../server-error.ts'
import type { ServerOptions } from '../server-options.ts'
import { BEGIN, runBatch } from '../session.ts'

/**
 * Opens a connection at a scope's first statement and leaves it to the platform, which closes it with the request.
 *
 * Only batches: who changes schemas runs on Node. Nothing is set for the session but its name: the pooler that stands
 * between (Hyperdrive) forgets such settings, others refuse them; so the login's own have to hold.
 *
 * @example const database = createScopedDatabase({ name: 'pg', open: openLane }, () => url, {})
 */
export function createScopedDatabase(
  driver: Pick<Driver, 'name' | 'open'>,
  url: () => string,
  options: ServerOptions,
): Database {
  const { serveAs = 'runtime', connectTimeoutMs = 10_000 } = options
  const connections: Readonly<Record<Login, WeakMap<Scope, Connection>>> = {
    runtime: new WeakMap(),
    migrator: new WeakMap(),
    owner: new WeakMap(),
  }
  const underWay = new Set<Promise<unknown>>()
  let closed = false

  async function openAs(login: Login, scope: Scope): Promise<Lane> {
    // Looked up anew by each request that needs it: an answer that one request waits for is no other's.
    const logins = createLoginLookup(() => open(scope, 'owner'), serveAs)
    const settings = { application_name: `backsaas ${login}` }
    return driver.open({ url: url(), login: await logins.find(login), settings, connectTimeoutMs })
  }

  function connect(login: Login, scope: Scope): Connection {
    let lane: Promise<Lane> | null = null
    const current = (): Promise<Lane> => {
      if (lane === null) lane = openAs(login, scope)
      return lane
    }
    /** The scope's one lane, opened again where that failed or it was lost. */
    const usable = async (): Promise<Lane> => {
      const opening = current()
      const opened = await opening.catch((error: unknown) => {
        if (lane === opening) lane = null
        throw error
      })
      if (opened.usable()) return opened
      if (lane === opening) lane = null
      return current()
    }
    return {
      batch(statements) {
        if (closed) return Promise.reject(unreachable('08001', 'this database has been closed'))
        const work = usable().then((one) => runBatch(one, statements, { begin: [BEGIN], alone: true }))
        const watched = work.finally(() => underWay.delete(watched))
        underWay.add(watched)
        return watched
      },
    }
  }

  function open(scope: Scope, login: Login = 'runtime'): Connection {
    const known = connections[login].get(scope)
    if (known) return known
    const made = connect(login, scope)
    connections[login].set(scope, made)
    return made
  }

  return {
    name: driver.name,
    can: { listen: false, interactive: false },
    open,
    async close() {
      closed = true
      await Promise.allSettled(underWay)
    },
  }
}
