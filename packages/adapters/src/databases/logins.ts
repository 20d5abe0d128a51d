/** Reads the logins that bootstrap wrote to `backsaas.logins`. */
import { BackSaasError, type Connection, DatabaseError } from '@backsaas/core'

export interface StoredLogin {
  readonly name: string
  readonly password: string | null
}

export type StoredLogins = Readonly<Record<'runtime' | 'migrator', StoredLogin>>

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
