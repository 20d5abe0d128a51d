/** A Postgres server over TCP, by postgres.js; for Node, where connections outlive a request. */
import { BackSaasError, type Connection, type Database, type Login } from '@backsaas/core'
import { readLogins, type StoredLogin, type StoredLogins } from '../logins.ts'
import { BEGIN, runBatch, runScript, runTransaction } from '../session.ts'
import { createClient, type LaneOptions, openLane } from './lane.ts'
import { createPool, type Pool } from './pool.ts'

export interface PostgresOptions {
  /** Connections of the runtime's login; default 10. The other logins take at most 4 each. */
  readonly max?: number
  /**
   * Who serves: `runtime` (default) is the login that bootstrap created, looked up with the URL's own; `given` is the
   * URL's own, for a server that is not told the owner's.
   */
  readonly serveAs?: 'runtime' | 'given'
  /** Longest a statement of the runtime's login may take; default 5000, 0 for no limit. */
  readonly statementTimeoutMs?: number
  /** Longest to wait for a connection; default 10,000. */
  readonly connectTimeoutMs?: number
  /** A connection that nobody used for this long is closed; default 30,000. */
  readonly idleTimeoutMs?: number
}

const HOUR_MS = 3_600_000

/** So that values read the same on every server, whatever its own defaults are. */
const SAME_TEXT = { TimeZone: 'UTC', DateStyle: 'ISO, MDY', IntervalStyle: 'postgres', bytea_output: 'hex' }

/**
 * A database by its URL. Nothing connects before the first statement.
 *
 * The migrator's and (unless `serveAs: 'given'`) the runtime's statements go over the logins that bootstrap wrote to
 * `backsaas.logins`; before that, they fail with `NOT_BOOTSTRAPPED` (503).
 *
 * Statements are prepared under a name on each connection; after 1000 texts a connection is replaced.
 *
 * @throws `DATABASE_URL_INVALID` (500) where the URL is none.
 * @example const database = postgres('postgres://owner:secret@localhost:5432/app')
 */
export function postgres(url: string, options: PostgresOptions = {}): Database {
  checkUrl(url)
  const { serveAs = 'runtime', max = 10 } = options
  const pools = new Map<Login, Pool>()
  let logins: Promise<StoredLogins> | undefined

  function storedLogin(kind: 'runtime' | 'migrator'): Promise<StoredLogin> {
    logins ??= readLogins(connections.owner).catch((error: unknown) => {
      logins = undefined
      throw error
    })
    return logins.then((all) => all[kind])
  }

  async function laneOptions(login: Login): Promise<LaneOptions> {
    const given = login === 'owner' || (login === 'runtime' && serveAs === 'given')
    return {
      url,
      settings: settingsOf(login, options),
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      ...(!given && { login: await storedLogin(login) }),
    }
  }

  async function openLaneAs(login: Login): ReturnType<typeof openLane> {
    try {
      return await openLane(await laneOptions(login))
    } catch (error) {
      // The login may have been changed since it was read.
      logins = undefined
      throw error
    }
  }

  function createPoolOf(login: Login): Pool {
    const pool = createPool({
      open: () => openLaneAs(login),
      max: login === 'runtime' ? max : Math.min(max, 4),
      idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
      maxAgeMs: HOUR_MS,
    })
    pools.set(login, pool)
    return pool
  }

  const connections: Readonly<Record<Login, Connection>> = {
    runtime: createConnection(createPoolOf('runtime'), false),
    migrator: createConnection(createPoolOf('migrator'), true),
    owner: createConnection(createPoolOf('owner'), true),
  }

  return {
    name: 'postgres',
    can: { listen: false, interactive: true },
    open: (_scope, login = 'runtime') => connections[login],
    async close() {
      // The owner's last: the others may have to look up their logins yet.
      await Promise.all([pools.get('runtime')?.close(), pools.get('migrator')?.close()])
      await pools.get('owner')?.close()
    },
  }
}

function createConnection(pool: Pool, interactive: boolean): Connection {
  const connection: Connection = {
    batch: (statements) => pool.use((lane) => runBatch(lane, statements, { begin: [BEGIN], alone: true })),
  }
  if (!interactive) return connection
  return {
    ...connection,
    script: (statements) => pool.use((lane) => runScript(lane, statements)),
    transaction: (run) => pool.use((lane) => runTransaction(lane, [BEGIN], run)),
  }
}

function settingsOf(login: Login, { statementTimeoutMs = 5000 }: PostgresOptions): Record<string, string> {
  const settings = { ...SAME_TEXT, application_name: `backsaas ${login}` }
  if (login === 'migrator') return { ...settings, row_security: 'off' }
  if (login === 'runtime') return { ...settings, statement_timeout: String(statementTimeoutMs) }
  return settings
}

/** The driver's own parser decides; its message would show the password. */
function checkUrl(url: string): void {
  const form = /^postgres(ql)?:\/\/[^/?#]/
  try {
    if (!form.test(url)) throw new Error('not a Postgres URL')
    createClient({ url, settings: {}, connectTimeoutMs: 1000 }, () => {})
  } catch {
    throw new BackSaasError('DATABASE_URL_INVALID', 500, 'the database URL is not one of Postgres', {
      hint: 'its form is postgres://user:password@host:5432/database; encode special characters of the password as %XX',
    })
  }
}
