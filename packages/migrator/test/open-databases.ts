/** Databases for tests: a new one each time, on the Postgres at hand or as PGlite in memory. */
import { randomBytes } from 'node:crypto'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database, Login, Scope } from '@backsaas/core'

export type Rows = readonly (readonly (string | null)[])[]

export interface TestDatabase {
  readonly kind: 'postgres' | 'pglite'
  readonly database: Database
  /** Its URL, for other logins; empty for PGlite. */
  readonly url: string
  /** Runs one statement as the owner of the URL. */
  readonly sql: (text: string, params?: readonly (string | null)[]) => Promise<Rows>
  /** Runs statements as one batch, and answers the rows of the last. */
  readonly as: (login: Login, ...texts: readonly string[]) => Promise<Rows>
  /** Closes it, drops it and its roles. */
  readonly close: () => Promise<void>
}

export type OpenTestDatabase = () => Promise<TestDatabase>

export const SCOPE: Scope = { waitUntil: (work) => void work, now: () => Date.now() }

const ADMIN_URL = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

/** A new database on the server, with a random name. */
export const openPostgres: OpenTestDatabase = async () => {
  const name = `bs_test_${randomBytes(6).toString('hex')}`
  const admin = postgres(ADMIN_URL)
  await admin.open(SCOPE, 'owner').batch([{ text: `create database ${name}`, params: [], prepare: false }])
  const url = new URL(ADMIN_URL)
  url.pathname = `/${name}`
  const database = postgres(url.href)
  return {
    ...statements(database),
    kind: 'postgres',
    url: url.href,
    async close() {
      await database.close?.()
      const connection = admin.open(SCOPE, 'owner')
      const run = (text: string): Promise<unknown> => connection.batch([{ text, params: [], prepare: false }])
      await run(`drop database ${name} with (force)`)
      for (const role of await rolesOf(admin, name)) await run(`drop role "${role}"`)
      await admin.close?.()
    },
  }
}

let blank: Promise<Blob> | undefined

/** A PGlite in memory; the first one is slow, the others begin from its dump. */
export const openPglite: OpenTestDatabase = async () => {
  blank ??= dumpBlank()
  const database = pglite(undefined, { loadDataDir: await blank })
  return { ...statements(database), kind: 'pglite', url: '', close: async () => database.close?.() }
}

async function dumpBlank(): Promise<Blob> {
  const database = pglite()
  const dump = await database.dump()
  await database.close?.()
  return dump
}

function statements(database: Database): Pick<TestDatabase, 'database' | 'sql' | 'as'> {
  return {
    database,
    async sql(text, params = []) {
      const [result] = await database.open(SCOPE, 'owner').batch([{ text, params, prepare: false }])
      return result?.rows ?? []
    },
    async as(login, ...texts) {
      const batch = texts.map((text) => ({ text, params: [], prepare: false }))
      return (await database.open(SCOPE, login).batch(batch)).at(-1)?.rows ?? []
    },
  }
}

/** Tests name every role after the database. */
async function rolesOf(admin: Database, name: string): Promise<string[]> {
  const statement = { text: `select rolname::text from pg_roles where rolname like $1`, params: [`%${name}%`] }
  const [result] = await admin.open(SCOPE, 'owner').batch([statement])
  return (result?.rows ?? []).map(([role]) => String(role))
}

/** The SQLSTATE or code that `work` fails with; null where it does not fail. */
export async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `no code: ${String(error)}`
  }
}
