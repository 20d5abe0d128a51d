/** The platform's further databases, from the environment to what can be asked. */
import { type PgOptions, pg } from '@backsaas/adapters/databases/pg'
import { BackSaasError, type Database } from '@backsaas/core'
import type { Io } from './io.ts'
import { DATABASES_VARIABLE, readDatabases } from './read-databases.ts'

/**
 * By their names; nothing connects yet. Closed by the caller.
 *
 * @throws `DATABASES_INVALID` (400).
 * @example const { eu } = openNamed(io.env)
 */
export function openNamed(env: Io['env'], options: PgOptions = {}): Readonly<Record<string, Database>> {
  const urls = Object.entries(readDatabases(env))
  return Object.fromEntries(urls.map(([name, url]) => [name, open(name, url, options)]))
}

function open(name: string, url: string, options: PgOptions): Database {
  try {
    return pg(url, options)
  } catch (cause) {
    if (!(cause instanceof BackSaasError)) throw cause
    throw new BackSaasError('DATABASES_INVALID', 400, `${name} in ${DATABASES_VARIABLE}: ${cause.message}`, {
      hint: cause.hint,
      cause,
    })
  }
}
