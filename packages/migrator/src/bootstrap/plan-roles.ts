/** From what is there to what is missing: roles, logins and schemas, as the SQL that bootstrap runs, or a DBA. */
import { BackSaasError } from '@backsaas/core'
import { fit } from '../plan/names.ts'
import { identifier, literal } from '../plan/quote.ts'
import type { Roles } from '../plan/row-security.ts'
import { settingsOfRuntime } from './login-settings.ts'
import { type DatabaseState, LOGIN_KINDS, type LoginKind, type RoleState } from './read-state.ts'
import { CONTROL_SCHEMA, STORE_SCHEMAS } from './store-schema.ts'

export interface RolePlan {
  readonly roles: Roles & { readonly migrator: string }
  /** Empty where all is there already. */
  readonly statements: readonly string[]
  /** The rights, of those that the login lacks, that the statements need. */
  readonly lacking: readonly string[]
}

export interface Random {
  readonly password: () => string
  /** Ends a role's name where the usual one is someone else's. */
  readonly suffix: () => string
}

/**
 * Plans the owner role (no login), the runtime's login (owns nothing) and the migrator's (bypasses row level security,
 * inherits the owner), the settings of the runtime's, their rows in `backsaas.logins`, CONNECT for both, and our schemas. Nothing else is touched.
 *
 * @throws `BOOTSTRAP_SCHEMA_TAKEN` (409) where a schema of our name belongs to someone else.
 */
export function planRoles(state: DatabaseState, random: Random): RolePlan {
  const plans = LOGIN_KINDS.map((kind) => planRole(kind, state, random))
  const [owner, runtime, migrator] = plans.map((plan) => plan.name) as [string, string, string]
  const found = state.roles.get(migrator)
  const bypass = found ? found.bypass || state.canGiveBypass : givesBypass(state)
  const roleStatements = [...plans.flatMap((plan) => plan.statements), ...planMemberships(owner, migrator, state)]
  const schemas = planSchemas(owner, state)
  const logins = plans.flatMap((plan) => plan.loginRow)
  const createLogins = state.logins ? [] : createLoginsTable(owner, state)
  const connect = [runtime, migrator].flatMap((role) => planConnect(role, state))
  const lacking = [
    ...(roleStatements.length > 0 && !state.createRole ? ['CREATEROLE'] : []),
    ...(schemas.length > 0 && !state.canCreateSchema ? [`CREATE on the database ${state.database}`] : []),
  ]
  return {
    roles: { owner, runtime, migrator, bypass },
    statements: [...roleStatements, ...connect, ...schemas, ...createLogins, ...logins],
    lacking,
  }
}

/** The name a role has where none is recorded. */
export function roleName(kind: LoginKind, database: string): string {
  return fit(`backsaas_${kind}_${database}`, '')
}

/** Whether a new migrator bypasses row level security: where a DBA has to make the role, they can. */
function givesBypass(state: DatabaseState): boolean {
  return state.canGiveBypass || !state.createRole
}

interface OneRole {
  readonly name: string
  readonly statements: string[]
  readonly loginRow: string[]
}

function planRole(kind: LoginKind, state: DatabaseState, random: Random): OneRole {
  const row = state.logins?.get(kind)
  const wanted = row?.name ?? roleName(kind, state.database)
  const found = state.roles.get(wanted)
  const usable = found && (row || found.ours) ? found : undefined
  const name = found && !usable ? fit(wanted, `_${random.suffix()}`) : wanted
  const password = kind === 'owner' ? null : (row?.password ?? random.password())
  const bypass = kind === 'migrator' && givesBypass(state)
  const attributes = [
    kind === 'owner' ? 'nologin' : 'login',
    ...(bypass ? ['bypassrls'] : []),
    ...(password === null ? [] : [`password ${literal(password)}`]),
  ]
  const role = identifier(name)
  const created = [
    `create role ${role} ${attributes.join(' ')}`,
    `comment on role ${role} is ${literal(`BackSaaS ${kind} of database ${state.databaseOid}`)}`,
  ]
  const upsert = `insert into ${CONTROL_SCHEMA}.logins (kind, name, password) values (${literal(kind)}, ${literal(name)}, ${
    password === null ? 'null' : literal(password)
  }) on conflict (kind) do update set name = excluded.name, password = excluded.password`
  const wantedAttributes = { bypass: bypass && state.canGiveBypass, password, passwordIsNew: !row?.password }
  return {
    name,
    statements: [
      ...(usable ? repairRole(kind, usable, wantedAttributes) : created),
      ...(kind === 'runtime' ? settingsOfRuntime(name, usable?.settings ?? new Map()) : []),
    ],
    loginRow: row && (kind === 'owner' || row.password) ? [] : [upsert],
  }
}

function repairRole(
  kind: LoginKind,
  found: RoleState,
  wanted: { bypass: boolean; password: string | null; passwordIsNew: boolean },
): string[] {
  const attributes = [...found.excess]
  if (found.login !== (kind !== 'owner')) attributes.push(kind === 'owner' ? 'nologin' : 'login')
  if (found.bypass && kind !== 'migrator') attributes.push('nobypassrls')
  if (!found.bypass && wanted.bypass) attributes.push('bypassrls')
  if (!found.inherit && kind === 'migrator') attributes.push('inherit')
  if (wanted.password !== null && wanted.passwordIsNew) attributes.push(`password ${literal(wanted.password)}`)
  return attributes.length === 0 ? [] : [`alter role ${identifier(found.name)} ${attributes.join(' ')}`]
}

/** The login of the URL needs the owner's rights too, to make and repair what the owner role owns. */
function planMemberships(owner: string, migrator: string, state: DatabaseState): string[] {
  const members = state.superuser ? [migrator] : [migrator, state.user]
  return members
    .filter((member) => !state.memberships.has(`${member}>${owner}`))
    .map((member) => `grant ${identifier(owner)} to ${identifier(member)}`)
}

/** In the login's own name where it can be had, so that a later `revoke … from public` does not lock it out. */
function planConnect(role: string, state: DatabaseState): string[] {
  if (state.roles.get(role)?.connectGranted) return []
  if (state.publicConnect && !state.canGrantConnect) return []
  return [`grant connect on database ${identifier(state.database)} to ${identifier(role)}`]
}

function planSchemas(owner: string, state: DatabaseState): string[] {
  return [CONTROL_SCHEMA, ...STORE_SCHEMAS].flatMap((schema) => {
    const found = state.schemas.get(schema)
    if (found === undefined) return [`create schema ${identifier(schema)} authorization ${identifier(owner)}`]
    if (found === owner) return []
    throw new BackSaasError('BOOTSTRAP_SCHEMA_TAKEN', 409, `the schema "${schema}" exists and belongs to "${found}"`, {
      hint: `BackSaaS keeps its tables in schemas of that name: rename yours, or use another database`,
    })
  })
}

/** Owned by the login of the URL. The migrator, who inherits the owner, reads names there; passwords, nobody else. */
function createLoginsTable(owner: string, state: DatabaseState): string[] {
  const table = `${CONTROL_SCHEMA}.logins`
  return [
    `create table ${table} (kind text primary key, name text not null, password text)`,
    `alter table ${table} owner to ${identifier(state.user)}`,
    `revoke all on ${table} from public`,
    `grant select (kind, name) on ${table} to ${identifier(owner)}`,
  ]
}
