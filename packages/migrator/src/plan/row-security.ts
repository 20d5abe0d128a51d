/** Row level security and grants of one table: rows are reached through `backsaas.enter`, or not at all. */
import { TENANT_COLUMN } from '@backsaas/core'
import { identifier } from './quote.ts'

/** The roles of a database, and whom the tenant policy binds. */
export interface Roles {
  /** Owns all tables; cannot log in. */
  readonly owner: string
  /** Serves; owns nothing. */
  readonly runtime: string
  /**
   * Whether the migrator bypasses row level security. Where it cannot, the tenant policy binds the runtime only,
   * since the migrator would otherwise see nothing.
   */
  readonly bypass: boolean
}

/**
 * FORCE row level security, a permissive base and a restrictive tenant policy; the runtime may read and write rows.
 * `current_setting` stands without `missing_ok`, so a statement before `enter` fails instead of finding nothing; in a
 * sub-select, so it is evaluated once.
 *
 * @param table qualified and quoted.
 */
export function rowSecurity(table: string, roles: Roles): string[] {
  const ours = `${identifier(TENANT_COLUMN)} = (select current_setting('backsaas.tenant')::uuid)`
  const bound = roles.bypass ? 'public' : identifier(roles.runtime)
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `create policy backsaas_base on ${table} as permissive for all to public using (true) with check (true)`,
    `create policy backsaas_tenant on ${table} as restrictive for all to ${bound} using (${ours}) with check (${ours})`,
    `grant select, insert, update, delete on ${table} to ${identifier(roles.runtime)}`,
  ]
}
