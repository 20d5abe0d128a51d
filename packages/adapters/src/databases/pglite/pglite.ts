/** PGlite: a Postgres within this process, in memory or in a folder. One session, whose roles change per batch. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { BackSaasError, type Connection, type Database, type Login, type Statement } from '@backsaas/core'
import { quoteChannel } from '../keep-listening.ts'
import { readLogins, type StoredLogins } from '../logins.ts'
import { unreachable } from '../server-error.ts'
import { BEGIN, runBatch, runScript, runTransaction, type Session } from '../session.ts'
import { type Instance, openInstance } from './open-instance.ts'
import { createProtocolSession } from './protocol-session.ts'

export interface PgliteOptions {
  /** A dump to begin with, as `dump` answers it, where there is no database yet: much faster than an empty start. */
  readonly loadDataDir?: Blob
}

export interface PgliteDatabase extends Database {
  /** The whole database, uncompressed, for `loadDataDir`. */
  dump(): Promise<Blob>
}

/**
 * A database in `dataDir`, or in memory without one. It starts with the first statement (seconds where it is new).
 *
 * All work goes through one session, one batch at a time. The session is a superuser's, so the runtime's and the
 * migrator's statements run in a transaction under `SET LOCAL ROLE`, single statements too; `script` under `SET ROLE`.
 *
 * An acknowledged write survives the end of the process however it comes; not a power failure (PGlite does not fsync).
 * PGlite enforces no `statement_timeout`: a long statement stops this process's event loop.
 *
 * @throws from the first statement: `DATA_FOLDER_UNUSABLE` (503) where the folder cannot be written or another process
 *   has it; `NOT_BOOTSTRAPPED` (503) where the roles are not there yet.
 * @example const database = pglite('.backsaas/postgres')
 */
export function pglite(dataDir?: string, options: PgliteOptions = {}): PgliteDatabase {
  const turns = createTurns()
  const underWay = new Set<Promise<unknown>>()
  let opening: Promise<Instance> | undefined
  let logins: Promise<StoredLogins> | undefined
  let closing: Promise<void> | undefined

  async function instance(): Promise<Instance> {
    opening ??= openInstance(dataDir, options.loadDataDir).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  const session: UseSession = (work) => turns.take(async () => work(createProtocolSession((await instance()).pg)))

  async function roleOf(login: Login): Promise<string | null> {
    if (login === 'owner') return null
    logins ??= readLogins(createConnection('owner', session, roleOf)).catch((error: unknown) => {
      logins = undefined
      throw error
    })
    return (await logins)[login].name
  }

  /** Work from outside, which `close` waits for and nothing may follow. */
  const admit: Admit = (work) => {
    if (closing) return Promise.reject(unreachable('08001', 'this database has been closed'))
    const done = work().finally(() => underWay.delete(done))
    underWay.add(done)
    return done
  }

  async function close(): Promise<void> {
    await Promise.allSettled(underWay)
    if (opening) await (await opening).close()
  }

  const connect = (login: Login): Connection => guard(createConnection(login, session, roleOf), admit)
  const connections: Readonly<Record<Login, Connection>> = {
    runtime: connect('runtime'),
    migrator: connect('migrator'),
    owner: connect('owner'),
  }

  return {
    name: 'pglite',
    can: { listen: true, interactive: true },
    open: (_scope, login = 'runtime') => connections[login],
    async listen(channel, handler, { onError } = {}) {
      const quoted = quoteChannel(channel)
      // Heard within whoever's turn it is, which it is no part of.
      const hear = AsyncLocalStorage.bind((payload: string) => {
        try {
          handler(payload)
        } catch (error) {
          onError?.(error)
        }
      })
      return admit(async () => {
        const stop = (await instance()).pg.onNotification((from, payload) => {
          if (from === channel) hear(payload)
        })
        await connections.owner.batch([{ text: `listen ${quoted}`, params: [], prepare: false }])
        return stop
      })
    },
    dump: () => admit(() => turns.take(async () => (await instance()).pg.dumpDataDir('none'))),
    close: () => (closing ??= close()),
  }
}

type UseSession = <T>(work: (session: Session) => Promise<T>) => Promise<T>
type Admit = <T>(work: () => Promise<T>) => Promise<T>

function guard({ batch, script, transaction }: Connection, admit: Admit): Connection {
  return {
    batch: (statements) => admit(() => batch(statements)),
    ...(script && { script: (statements, lock) => admit(() => script(statements, lock)) }),
    ...(transaction && { transaction: (run) => admit(() => transaction(run)) }),
  }
}

function createConnection(
  login: Login,
  session: UseSession,
  roleOf: (login: Login) => Promise<string | null>,
): Connection {
  const begin = async (): Promise<readonly Statement[]> => [BEGIN, ...enterRole(await roleOf(login), login, 'local')]
  const connection: Connection = {
    async batch(statements) {
      const options = { begin: await begin(), alone: login === 'owner' }
      return session((one) => runBatch(one, statements, options))
    },
  }
  if (login === 'runtime') return connection
  return {
    ...connection,
    async script(statements, lock) {
      const enter = enterRole(await roleOf(login), login, 'session')
      return session(async (one) => {
        try {
          await runScript(one, enter)
          return await runScript(one, statements, lock)
        } finally {
          if (enter.length > 0) await runScript(one, LEAVE_ROLE)
        }
      })
    },
    async transaction(run) {
      const opened = await begin()
      return session((one) => runTransaction(one, opened, run))
    },
  }
}

const LEAVE_ROLE: readonly Statement[] = [
  { text: 'reset role', params: [] },
  { text: 'reset row_security', params: [] },
]

/** `set local role` and, for the migrator, `row_security = off`, so that a missing bypass is an error there. */
function enterRole(role: string | null, login: Login, scope: 'local' | 'session'): readonly Statement[] {
  if (role === null) return []
  const set = { text: `set ${scope} role "${role.replaceAll('"', '""')}"`, params: [] }
  return login === 'migrator' ? [set, { text: `set ${scope} row_security = off`, params: [] }] : [set]
}

interface Turns {
  /** Runs `work` when all work before it is done. */
  take<T>(work: () => Promise<T>): Promise<T>
}

/** One at a time, first come first served; work that would wait for itself is refused. */
function createTurns(): Turns {
  const holder = new AsyncLocalStorage<{ over: boolean }>()
  let last: Promise<unknown> = Promise.resolve()
  return {
    take(work) {
      if (holder.getStore()?.over === false) {
        const message = 'a statement beside an open transaction would wait for it, and it for the statement'
        const hint = 'PGlite has one session: within a transaction, use the connection that it is given'
        return Promise.reject(new BackSaasError('TRANSACTION_OPEN', 500, message, { hint }))
      }
      const turn = { over: false }
      const done = last
        .then(() => holder.run(turn, work))
        .finally(() => {
          turn.over = true
        })
      // Whoever asked for the work is told of its failure; the next in line is not concerned.
      last = done.catch(() => undefined)
      return done
    },
  }
}
