/** The benchmark's own connection, beside those of its contestants. */
import driver, { type Sql } from 'postgres'

/** @example const sql = connect('postgres://postgres@127.0.0.1:5432/postgres') */
export function connect(url: string): Sql {
  return driver(url, { max: 1, onnotice: () => {} })
}

/** The same server, another database. */
export function inDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Drops the database of that name, with all that use it, and makes it anew. */
export async function createAnew(adminUrl: string, name: string): Promise<void> {
  await drop(adminUrl, name)
  const admin = connect(adminUrl)
  await admin.unsafe(`create database ${name}`)
  await admin.end()
}

/** With all that use it. */
export async function drop(adminUrl: string, name: string): Promise<void> {
  const admin = connect(adminUrl)
  await admin.unsafe(`drop database if exists ${name} with (force)`)
  await admin.end()
}

/** What `query` answers first; null where the database or the table is not there. */
export async function readMark(url: string, query: string): Promise<string | null> {
  const sql = connect(url)
  try {
    const [row] = await sql.unsafe(query).values()
    return row ? String(row[0]) : null
  } catch {
    return null // not there, or half loaded: it is made anew
  } finally {
    await sql.end()
  }
}
