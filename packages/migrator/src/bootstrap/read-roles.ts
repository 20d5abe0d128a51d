/** The roles of a database, as the migrator finds them: it may not read `backsaas.logins`. */
import type { Connection } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import type { Roles } from '../plan/row-security.ts'

/**
 * The owner is who owns the control schema; the runtime is who may execute `enter` besides.
 *
 * @throws `NOT_BOOTSTRAPPED` (503) where either is missing.
 */
export async function readRoles(connection: Connection): Promise<Roles> {
  const [row] = await query(
    connection,
    `select o.rolname::text, r.rolname::text, (m.rolbypassrls or m.rolsuper)::text
     from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'backsaas'
     join pg_roles o on o.oid = n.nspowner
     join lateral aclexplode(p.proacl) a on a.privilege_type = 'EXECUTE' and a.grantee <> p.proowner
     join pg_roles r on r.oid = a.grantee
     join pg_roles m on m.rolname = current_user
     where p.proname = 'enter'`,
  )
  const [owner, runtime, bypass] = row ?? []
  if (!owner || !runtime) {
    throw new BackSaasError('NOT_BOOTSTRAPPED', 503, 'this database has not been set up for BackSaaS', {
      hint: 'run `backsaas migrate`',
    })
  }
  return { owner, runtime, bypass: bypass === 'true' }
}
