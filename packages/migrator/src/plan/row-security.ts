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

/** One policy of ours, for all commands; its predicate is both what is seen and what may be written. */
export interface Policy {
  readonly name: string
  readonly kind: 'permissive' | 'restrictive'
  /** The role it binds; null for all. */
  readonly boundTo: string | null
  readonly predicate: string
  /** The predicate as Postgres answers it (`pg_get_expr`). */
  readonly answered: string
}

/**
 * A permissive base and a restrictive tenant policy. `current_setting` stands without `missing_ok`, so a statement before
 * `enter` fails instead of finding nothing; in a sub-select, so it is evaluated once.
 */
export function tablePolicies(roles: Roles): readonly Policy[] {
  return [
    { name: 'backsaas_base', kind: 'permissive', boundTo: null, predicate: 'true', answered: 'true' },
    {
      name: 'backsaas_tenant',
      kind: 'restrictive',
      boundTo: roles.bypass ? null : roles.runtime,
      predicate: `${identifier(TENANT_COLUMN)} = (select current_setting('backsaas.tenant')::uuid)`,
      answered: `(${TENANT_COLUMN} = ( SELECT (current_setting('backsaas.tenant'::text))::uuid AS current_setting))`,
    },
  ]
}

/** The statement that makes a policy. */
export function createPolicy(table: string, { name, kind, boundTo, predicate }: Policy): string {
  const bound = boundTo === null ? 'public' : identifier(boundTo)
  return `create policy ${name} on ${table} as ${kind} for all to ${bound} using (${predicate}) with check (${predicate})`
}

/** Row level security that binds the owner too. */
export function forceRowSecurity(table: string): string[] {
  return [`alter table ${table} enable row level security`, `alter table ${table} force row level security`]
}

/** The runtime may read and write rows. */
export function grantRows(table: string, roles: Roles): string {
  return `grant select, insert, update, delete on ${table} to ${identifier(roles.runtime)}`
}

/**
 * FORCE row level security, the policies, and the runtime's rights.
 *
 * @param table qualified and quoted.
 */
export function rowSecurity(table: string, roles: Roles): string[] {
  const policies = tablePolicies(roles).map((policy) => createPolicy(table, policy))
  return [...forceRowSecurity(table), ...policies, grantRows(table, roles)]
}
