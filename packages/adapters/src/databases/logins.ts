/** Reads the logins that bootstrap wrote to `backsaas.logins`. */
import { BackSaasError, type Connection, DatabaseError, type Login } from '@backsaas/core'

export interface StoredLogin {
  readonly name: string
  readonly password: string | null
}

export type StoredLogins = Readonly<Record<'runtime' | 'migrator', StoredLogin>>

export interface LoginLookup {
  /** Who logs in as `login`; null where it is the URL's own. */
  find(login: Login): Promise<StoredLogin | null>
  /** The next `find` reads anew: a login may have been changed since. */
  forget(): void
}

/**
 * Looks logins up when they are first needed, and keeps them.
 *
 * @param serveAs whose login the runtime's is: the stored one, or the URL's own (`given`).
 * @example const login = await createLoginLookup(() => owner, 'runtime').find('migrator')
 */
export function createLoginLookup(owner: () => Connection, serveAs: 'runtime' | 'given'): LoginLookup {
  let stored: Promise<StoredLogins> | undefined
  return {
    async find(login) {
      if (login === 'owner' || (login === 'runtime' && serveAs === 'given')) return null
      stored ??= readLogins(owner()).catch((error: unknown) => {
        stored = undefined
        throw error
      })
      return (await stored)[login]
    },
    forget() {
      stored = undefined
    },
  }
}

/**
 * The runtime's and the migrator's login.
 *
 * @throws `NOT_BOOTSTRAPPED` (503) where there are none yet; `OWNER_NEEDED` (503) where this login may not read them.
 */
export async function readLogins(owner: Connection): Promise<StoredLogins> {
  const rows = await readRows(owner)
  const byKind = new Map(rows.map(([kind, name, password]) => [kind, { name, password: password ?? null }]))
  return { runtime: pick(byKind, 'runtime'), migrator: pick(byKind, 'migrator') }
}

async function readRows(owner: Connection): Promise<readonly (readonly (string | null)[])[]> {
  const text = 'select kind, name, password from backsaas.logins'
  try {
    const [result] = await owner.batch([{ text, params: [], prepare: false }])
    return result?.rows ?? []
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    if (error.code === '42P01' || error.code === '3F000') throw notBootstrapped(error)
    if (error.code === '42501') {
      throw new BackSaasError('OWNER_NEEDED', 503, 'the login of the database URL may not read the logins to use', {
        hint: 'give the URL of the login that ran `backsaas migrate`',
        cause: error,
      })
    }
    throw error
  }
}

function pick(
  byKind: ReadonlyMap<string | null | undefined, { name: string | null | undefined; password: string | null }>,
  kind: 'runtime' | 'migrator',
): StoredLogin {
  const login = byKind.get(kind)
  if (!login?.name) throw notBootstrapped()
  return { name: login.name, password: login.password }
}

function notBootstrapped(cause?: unknown): BackSaasError {
  return new BackSaasError('NOT_BOOTSTRAPPED', 503, 'this database has not been set up for BackSaaS', {
    hint: 'run `backsaas migrate`',
    cause,
  })
}
