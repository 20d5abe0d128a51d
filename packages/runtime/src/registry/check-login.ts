/** Refuses to serve through a login that row level security does not bind. */
import { type Connection, DatabaseError } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { notBootstrapped } from './load-versions.ts'

/** One row: the role, whether it is a superuser, whether it bypasses, whether it may act as the owner of a table of ours. */
const LOGIN = `select r.rolname, r.rolsuper, r.rolbypassrls, exists (
    select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER')
      and (n.nspname = 'backsaas' or n.nspname in (select p.pg_schema from backsaas.placements p)))
  from pg_catalog.pg_roles r where r.rolname = current_user`

/**
 * @param database its name, where it is not the one that has the registry.
 * @throws `LOGIN_TOO_POWERFUL` (503) for a superuser, a role with BYPASSRLS, and an owner of the tables;
 *   `NOT_BOOTSTRAPPED` (503) where there is no control schema.
 */
export async function checkLogin(connection: Connection, database = ''): Promise<void> {
  const [name, superuser, bypasses, owns] = await readLogin(connection)
  const why =
    superuser === 't'
      ? 'is a superuser'
      : bypasses === 't'
        ? 'has BYPASSRLS'
        : owns === 't'
          ? 'owns the tables, or may act as their owner'
          : null
  if (why !== null)
    throw runtimeError(
      'LOGIN_TOO_POWERFUL',
      `the runtime's login ${name}${database && ` of the database ${database}`} ${why}: isolation would not hold`,
      {
        hint: 'Serve through the login that `backsaas migrate` made for the runtime; it owns nothing.',
      },
    )
}

async function readLogin(connection: Connection): Promise<readonly (string | null)[]> {
  try {
    const [result] = await connection.batch([{ text: LOGIN, params: [], prepare: false }])
    return result?.rows[0] ?? []
  } catch (error) {
    if (error instanceof DatabaseError && NO_CONTROL_SCHEMA.has(error.fields.sqlState)) throw notBootstrapped(error)
    throw error
  }
}

/** No such schema, no such table, and a login that bootstrap gave nothing to. */
const NO_CONTROL_SCHEMA: ReadonlySet<string> = new Set(['3F000', '42P01', '42501'])
