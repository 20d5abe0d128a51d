/** What bootstrap finds: who it is logged in as, and which of its roles, schemas and logins are there. */
import type { Connection } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { CONTROL_SCHEMA, STORE_SCHEMAS } from './store-schema.ts'

export type LoginKind = 'owner' | 'runtime' | 'migrator'
export const LOGIN_KINDS: readonly LoginKind[] = ['owner', 'runtime', 'migrator']

export interface RoleState {
  readonly name: string
  /** Made by bootstrap for this database, or for one that is no more. */
  readonly ours: boolean
  readonly login: boolean
  readonly bypass: boolean
  readonly inherit: boolean
  /** Superuser, may create roles or databases, or replicate: none of ours ever does. */
  readonly excess: readonly string[]
  /** Has a CONNECT grant on the database in its own name. */
  readonly connectGranted: boolean
  /** Settings of its sessions, names in lower case. */
  readonly settings: ReadonlyMap<string, string>
}

export interface DatabaseState {
  readonly database: string
  readonly databaseOid: string
  /** The login of the URL as given. */
  readonly user: string
  readonly superuser: boolean
  readonly createRole: boolean
  /** Whether this login can make a role that bypasses row level security: from 16 on who bypasses it may pass it on. */
  readonly canGiveBypass: boolean
  readonly canCreateSchema: boolean
  readonly canGrantConnect: boolean
  readonly publicConnect: boolean
  /** Rows of `backsaas.logins`; null where the table is not there. */
  readonly logins: ReadonlyMap<string, { readonly name: string; readonly password: string | null }> | null
  readonly roles: ReadonlyMap<string, RoleState>
  /** `member>role` for whoever uses the rights of a role without SET ROLE. */
  readonly memberships: ReadonlySet<string>
  /** Our schemas that exist, and their owners. */
  readonly schemas: ReadonlyMap<string, string>
}

/**
 * Reads the state. `nameOf` says under which name a kind of role is looked for where `logins` names none.
 *
 * @throws `BOOTSTRAP_FORBIDDEN` (403) where `backsaas.logins` is there but not for this login to read.
 */
export async function readState(
  connection: Connection,
  nameOf: (kind: LoginKind, database: string) => string,
): Promise<DatabaseState> {
  const [self] = await query(connection, SELF)
  const [database, databaseOid, user, superuser, createRole, canGiveBypass, ...flags] = (self ?? []).map(String)
  const logins = await readLogins(connection, String(user))
  const names = LOGIN_KINDS.map((kind) => logins?.get(kind)?.name ?? nameOf(kind, String(database)))
  const roles = await query(connection, ROLES, [arrayParam(names)])
  const memberships = await query(connection, MEMBERSHIPS, [arrayParam(names)])
  const schemas = await query(connection, SCHEMAS, [arrayParam([CONTROL_SCHEMA, ...STORE_SCHEMAS])])
  return {
    database: String(database),
    databaseOid: String(databaseOid),
    user: String(user),
    superuser: superuser === 't',
    createRole: createRole === 't',
    canGiveBypass: canGiveBypass === 't',
    canCreateSchema: flags[0] === 't',
    canGrantConnect: flags[1] === 't',
    publicConnect: flags[2] === 't',
    logins,
    roles: new Map(roles.map((row) => [String(row[0]), roleState(row)])),
    memberships: new Set(memberships.map(([member, role]) => `${member}>${role}`)),
    schemas: new Map(schemas.map(([name, owner]) => [String(name), String(owner)])),
  }
}

const SELF = `
  select d.datname::text, d.oid::text, session_user::text, r.rolsuper::text::char, (r.rolsuper or r.rolcreaterole)::text::char,
         (r.rolsuper or (current_setting('server_version_num')::int >= 160000 and r.rolcreaterole and r.rolbypassrls))::text::char,
         has_database_privilege(d.oid, 'CREATE')::text::char,
         has_database_privilege(d.oid, 'CONNECT WITH GRANT OPTION')::text::char,
         has_database_privilege('public', d.oid, 'CONNECT')::text::char
  from pg_database d, pg_roles r
  where d.datname = current_database() and r.rolname = session_user`

/** A role is ours if its comment says so, for this database or one that is gone. */
const ROLES = `
  select r.rolname::text,
         (c.oid is not null and (c.oid = d.oid::text
           or not exists (select from pg_database o where o.oid::text = c.oid)))::text::char,
         r.rolcanlogin::text::char, r.rolbypassrls::text::char, r.rolinherit::text::char,
         concat_ws(',', case when r.rolsuper then 'nosuperuser' end, case when r.rolcreaterole then 'nocreaterole' end,
           case when r.rolcreatedb then 'nocreatedb' end, case when r.rolreplication then 'noreplication' end),
         exists (select from aclexplode(d.datacl) a where a.grantee = r.oid and a.privilege_type = 'CONNECT')::text::char,
         coalesce(array_to_json(r.rolconfig), '[]')::text
  from pg_roles r
  join pg_database d on d.datname = current_database()
  left join lateral (
    select substring(shobj_description(r.oid, 'pg_authid') from '^BackSaaS [a-z]+ of database ([0-9]+)$') as oid) c on true
  where r.rolname = any ($1::text[])`

const MEMBERSHIPS = `
  select m.rolname::text, r.rolname::text from pg_roles r, pg_roles m
  where r.rolname = any ($1::text[]) and m.oid <> r.oid and not m.rolsuper and pg_has_role(m.oid, r.oid, 'USAGE')`

const SCHEMAS = `
  select n.nspname::text, r.rolname::text from pg_namespace n join pg_roles r on r.oid = n.nspowner
  where n.nspname = any ($1::text[])`

async function readLogins(connection: Connection, user: string): Promise<DatabaseState['logins']> {
  const [found] = await query(
    connection,
    `select has_table_privilege(c.oid, 'SELECT')::text::char, has_schema_privilege(n.oid, 'USAGE')::text::char
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = '${CONTROL_SCHEMA}' and c.relname = 'logins'`,
  )
  if (!found) return null
  if (found[0] !== 't' || found[1] !== 't') {
    throw new BackSaasError('BOOTSTRAP_FORBIDDEN', 403, `the login "${user}" may not read backsaas.logins`, {
      hint: 'use the URL of the login that ran the first `backsaas migrate`, or of a superuser',
    })
  }
  const rows = await query(connection, 'select kind, name, password from backsaas.logins')
  return new Map(
    rows.map(([kind, name, password]) => [String(kind), { name: String(name), password: password ?? null }]),
  )
}

function roleState(row: readonly (string | null)[]): RoleState {
  const [name, ours, login, bypass, inherit, excess, connectGranted, config] = row.map(String)
  // `name=value`, a list of texts that the query has made.
  const settings = (JSON.parse(String(config)) as string[]).map((line) => line.split(/=(.*)/s))
  return {
    name: String(name),
    ours: ours === 't',
    login: login === 't',
    bypass: bypass === 't',
    inherit: inherit === 't',
    excess: excess ? excess.split(',') : [],
    connectGranted: connectGranted === 't',
    settings: new Map(settings.map(([setting, value]) => [String(setting).toLowerCase(), String(value)])),
  }
}

/** Role and schema names as one array parameter. */
function arrayParam(names: readonly string[]): string {
  return `{${names.map((name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}
