/** Makes a database ours, beside whatever lives in it: roles and logins, the control schema, the platform's own schema. */
import { randomBytes } from 'node:crypto'
import type { Connection, Database } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { ddl, EXCLUSIVE, transaction } from '../execute/migrator-transaction.ts'
import { type Naming, readableNaming } from '../plan/names.ts'
import { identifier } from '../plan/quote.ts'
import type { Decide } from '../registry/decide.ts'
import { auditTables } from './audit-tables.ts'
import { watchTables } from './change-feed.ts'
import { controlSchema } from './control-schema.ts'
import { installPlatform } from './install-platform.ts'
import { planRoles, type RolePlan, roleName } from './plan-roles.ts'
import { readState } from './read-state.ts'
import { repairTables } from './repair-tables.ts'
import { watchServer } from './watch-server.ts'

export interface BootstrapOptions {
  /** Physical names of the platform's tables; readable unless given. */
  readonly naming?: Naming
  /** Makes the decisions that are stored with the platform's own schema, where it has access rules. */
  readonly decide?: Decide
  /** Told what an operator should know. Default: a line on stderr. */
  readonly report?: (line: string) => void
}

/**
 * Sets a database up, or repairs what is missing; a second run changes nothing. Creates schemas whose names begin with
 * `backsaas`, three roles, and grants on its own things; touches nothing else.
 *
 * @throws `BOOTSTRAP_NEEDS_CREATEROLE` (403), whose details are the SQL for a DBA, where the URL's login lacks a right;
 *   `BOOTSTRAP_SCHEMA_TAKEN`, `PLATFORM_INCOMPATIBLE` (409), `BOOTSTRAP_FORBIDDEN` (403), `POSTGRES_TOO_OLD` (503).
 * @example await bootstrap(pg('postgres://owner:secret@localhost/app'))
 */
export async function bootstrap(database: Database, options: BootstrapOptions = {}): Promise<void> {
  const report = options.report ?? ((line) => process.stderr.write(`${line}\n`))
  await transaction(database, 'owner', async (connection) => {
    await connection.batch([EXCLUSIVE])
    await checkVersion(connection)
    const plan = planRoles(await readState(connection, roleName), RANDOM)
    if (plan.lacking.length > 0) throw needsRights(plan)
    await connection.batch(plan.statements.map(ddl))
    if (!plan.roles.bypass) report(fallbackNotice(plan))
    const asOwner = `set local role ${identifier(plan.roles.owner)}`
    await connection.batch([asOwner, ...controlSchema(plan.roles), 'reset role', ...watchServer(plan.roles)].map(ddl))
  })
  await repairTables(database, report)
  await installPlatform(database, options.naming ?? readableNaming, options.decide)
  await watchTables(database)
  await auditTables(database)
}

/** 144 random bits; letters, digits, `-` and `_` only, so that a URL needs no escapes. */
const RANDOM = {
  password: () => randomBytes(18).toString('base64url'),
  suffix: () => randomBytes(3).toString('hex'),
}

async function checkVersion(connection: Connection): Promise<void> {
  const [result] = await connection.batch([ddl(`select current_setting('server_version_num')::int / 10000`)])
  const version = Number(result?.rows[0]?.[0])
  if (version >= 15) return
  throw new BackSaasError('POSTGRES_TOO_OLD', 503, `BackSaaS needs Postgres 15 or later, this is ${version}`)
}

function needsRights(plan: RolePlan): BackSaasError {
  return new BackSaasError(
    'BOOTSTRAP_NEEDS_CREATEROLE',
    403,
    `the database login lacks ${plan.lacking.join(' and ')}`,
    {
      details: plan.statements.map((statement) => `${statement};`).join('\n'),
      hint: 'have a superuser run the SQL in `details` in this database (it holds new passwords), then run the same command again',
    },
  )
}

function fallbackNotice(plan: RolePlan): string {
  return (
    `The login ${plan.roles.migrator} cannot bypass row level security here (only a superuser could grant it): ` +
    `the tenant policies of new tables bind ${plan.roles.runtime} only.`
  )
}
