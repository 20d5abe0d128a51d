/** A database of its own on the Postgres that tests use, dropped with the roles it brought. */
import { randomBytes } from 'node:crypto'
import driver from 'postgres'

/** The administrator's URL. */
const ADMIN_URL = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

export interface FreshDatabase {
  readonly url: string
  /** Roles that a test may make; dropped with the database. */
  readonly roles: { readonly runtime: string; readonly migrator: string }
  /** Runs SQL as the administrator, inside the database. */
  query(text: string): Promise<readonly Record<string, unknown>[]>
  drop(): Promise<void>
}

/** @example const fresh = await createFreshDatabase() */
export async function createFreshDatabase(): Promise<FreshDatabase> {
  const name = `bs_test_${randomBytes(6).toString('hex')}`
  const roles = { runtime: `${name}_runtime`, migrator: `${name}_migrator` }
  await asAdmin(`create database ${name}`)
  const url = new URL(ADMIN_URL)
  url.pathname = `/${name}`
  const inside = driver(url.href, { max: 1, onnotice: () => {} })
  return {
    url: url.href,
    roles,
    query: async (text) => [...(await inside.unsafe(text))],
    async drop() {
      await inside.end()
      await asAdmin(`drop database ${name} with (force)`)
      for (const role of Object.values(roles)) await asAdmin(`drop role if exists ${role}`)
    },
  }
}

/** Makes the roles and `backsaas.logins` as bootstrap does, as far as adapters need them; statements end in `;`. */
export function loginsSql({ runtime, migrator }: FreshDatabase['roles']): string {
  const name = (role: string) => `"${role.replaceAll('"', '""')}"`
  return `
    create role ${name(runtime)} login password 'secret-r';
    create role ${name(migrator)} login password 'secret-m' bypassrls;
    create schema backsaas;
    create table backsaas.logins (kind text primary key, name text, password text);
    insert into backsaas.logins values
      ('runtime', '${runtime}', 'secret-r'), ('migrator', '${migrator}', 'secret-m')`
}

async function asAdmin(text: string): Promise<void> {
  const admin = driver(ADMIN_URL, { max: 1, onnotice: () => {} })
  await admin.unsafe(text)
  await admin.end()
}
