/** The roles of a database, as the migrator finds them. */
import type { Connection } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import type { Roles } from '../plan/row-security.ts'

/** @throws `NOT_BOOTSTRAPPED` (503) where one is missing. */
export async function readRoles(connection: Connection): Promise<Roles & { readonly migrator: string }> {
  const rows = await query(
    connection,
    `select l.kind, l.name, (r.rolbypassrls or r.rolsuper)::text
     from backsaas.logins l join pg_roles r on r.rolname = l.name`,
  )
  const roles = new Map(rows.map(([kind, name, bypass]) => [kind, { name, bypass: bypass === 'true' }]))
  const [owner, runtime, migrator] = ['owner', 'runtime', 'migrator'].map((kind) => roles.get(kind))
  if (owner?.name && runtime?.name && migrator?.name) {
    return { owner: owner.name, runtime: runtime.name, migrator: migrator.name, bypass: migrator.bypass }
  }
  throw new BackSaasError('NOT_BOOTSTRAPPED', 503, 'the roles of this database are not complete', {
    hint: 'run `backsaas migrate` with the URL of the login that ran it first',
  })
}
