/** Pins an install to a version, so that nothing moves it, and lets it go again: the row and what is told of it change together. */
import type { Connection, Database, JsonObject, Statement } from '@backsaas/core'
import { BackSaasError, readDeadline } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { type Actor, actingAs } from '../registry/acting-as.ts'
import { insertEvent } from '../registry/event.ts'
import { type FoundTenant, findTenant } from '../registry/find-tenant.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { standingVersion, versionNotLive } from '../registry/release-version.ts'
import { findInstall, type PinnableInstall } from './find-install.ts'

export interface NewPin {
  readonly profile: string
  /** One that serves; default the one that it has. */
  readonly version?: number
  /** `30d` (m, h, d, w) or a time (RFC 3339): in the future, a year at most. */
  readonly until: string
  readonly reason: string
}

export interface PinnedInstall {
  readonly tenant: string
  readonly profile: string
  readonly schemaId: string
  readonly version: number
  /** RFC 3339, in UTC. */
  readonly until: string
  readonly reason: string
}

export interface UnpinnedInstall {
  readonly tenant: string
  readonly profile: string
  readonly schemaId: string
  /** The one that it has now. */
  readonly version: number
  /** False where it was not pinned. */
  readonly unpinned: boolean
  /** Whether it had another version before. */
  readonly moved: boolean
}

const OPERATOR: Actor = { kind: 'operator', id: 'backsaas' }

/**
 * Keeps an install at a version until somebody unpins it: the deadline only reminds. Pinning again changes version, deadline and reason.
 *
 * @throws `TENANT_UNKNOWN`, `PROFILE_UNKNOWN` (404); `PROFILE_PROTECTED`, `VERSION_NOT_LIVE` (409); `PIN_UNTIL_INVALID`,
 *   `PIN_REASON_INVALID` (422).
 * @example await pinInstall(database, { tenant: 'globex', profile: 'crm', until: '30d', reason: 'an audit' })
 */
export function pinInstall(database: Database, wanted: NewPin & { readonly tenant: string }): Promise<PinnedInstall> {
  return onTenant(database, wanted.tenant, (connection, platform, tenant) =>
    pinFor(connection, platform, tenant, wanted, OPERATOR),
  )
}

/**
 * Lets a pinned install go: to the version that unpinned ones have, or with `stay` from where it is at the next move. One that is
 * not pinned and behind catches up.
 *
 * @throws `TENANT_UNKNOWN`, `PROFILE_UNKNOWN` (404); `PROFILE_PROTECTED` (409).
 * @example await unpinInstall(database, { tenant: 'globex', profile: 'crm' })
 */
export function unpinInstall(
  database: Database,
  which: { readonly tenant: string; readonly profile: string; readonly stay?: boolean },
): Promise<UnpinnedInstall> {
  return onTenant(database, which.tenant, (connection, platform, tenant) =>
    unpinFor(connection, platform, tenant, which, OPERATOR),
  )
}

function onTenant<T>(
  database: Database,
  slugOrId: string,
  work: (connection: Connection, platform: Platform, tenant: FoundTenant) => Promise<T>,
): Promise<T> {
  return migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    return work(connection, platform, await findTenant(connection, platform, slugOrId))
  })
}

/** The same, inside the caller's transaction, which holds `EXCLUSIVE`. */
export async function pinFor(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  { profile, version: asked, until: deadline, reason: given }: NewPin,
  by: Actor,
): Promise<PinnedInstall> {
  const reason = checkReason(given)
  const { until, reminder } = await resolveDeadline(connection, deadline)
  const install = await findInstall(connection, platform, tenant, profile)
  const version = asked ?? install.version
  await refuseNotLive(connection, install, version)
  const { schemaId, schema } = install
  const told = { tenant_id: tenant.id, schema_id: schemaId, schema, profile, version }
  const row = { version: String(version), pinned_to: String(version), pinned_until: until, pinned_reason: reason }
  await connection.batch([
    actingAs(by),
    setInstall(platform, install, { ...row, pinned_by: JSON.stringify(by), pin_reminder: reminder }),
    ...tellMoved(platform, install, version),
    insertEvent(platform, {
      type: 'install.pinned',
      tenantId: tenant.id,
      subject: schemaId,
      data: { ...told, until, reason },
    }),
  ])
  return { tenant: tenant.slug, profile, schemaId, version, until, reason }
}

/** The same, inside the caller's transaction, which holds `EXCLUSIVE`. */
export async function unpinFor(
  connection: Connection,
  platform: Platform,
  tenant: FoundTenant,
  { profile, stay = false }: { readonly profile: string; readonly stay?: boolean },
  by: Actor,
): Promise<UnpinnedInstall> {
  const install = await findInstall(connection, platform, tenant, profile)
  const { schemaId, schema } = install
  const standing = await standingVersion(connection, install.placementId)
  // One that was never pinned may be ahead, of a roll-out.
  const isSettled = stay || standing === null || (!install.isPinned && install.version > standing)
  const version = isSettled ? install.version : standing
  const moved = version !== install.version
  const done = { tenant: tenant.slug, profile, schemaId, version, unpinned: install.isPinned, moved }
  if (!install.isPinned && !moved) return done
  const cleared = { pinned_to: null, pinned_until: null, pinned_reason: null, pinned_by: null, pin_reminder: null }
  const unpinned = insertEvent(platform, {
    type: 'install.unpinned',
    tenantId: tenant.id,
    subject: schemaId,
    data: { tenant_id: tenant.id, schema_id: schemaId, schema, profile, version },
  })
  await connection.batch([
    actingAs(by),
    setInstall(platform, install, { version: String(version), ...cleared }),
    ...tellMoved(platform, install, version),
    ...(install.isPinned ? [unpinned] : []),
  ])
  return done
}

function setInstall(
  platform: Platform,
  { tenantId, profile }: PinnableInstall,
  values: Readonly<Record<string, string | null>>,
): Statement {
  const i = tableNames(platform, 'installs')
  const sets = Object.keys(values).map((field, index) => `${i.column(field)} = $${index + 3}`)
  return {
    text: `update ${i.table} set ${sets.join(', ')} where ${i.tenant} = $1 and ${i.column('profile')} = $2`,
    params: [tenantId, profile, ...Object.values(values)],
    prepare: false,
  }
}

function tellMoved(platform: Platform, install: PinnableInstall, version: number): Statement[] {
  if (version === install.version) return []
  const { tenantId, schemaId, schema, profile } = install
  const data = { tenant_id: tenantId, schema_id: schemaId, schema, profile, version, old_version: install.version }
  return [insertEvent(platform, { type: 'install.updated', tenantId, subject: schemaId, data })]
}

async function refuseNotLive(
  connection: Connection,
  { placementId, schema }: PinnableInstall,
  version: number,
): Promise<void> {
  const rows = await query(
    connection,
    `select version::text from backsaas.versions where placement_id = $1 and state = 'live' order by backsaas.versions.version`,
    [placementId],
  )
  const live = rows.map(([one]) => Number(one))
  if (live.includes(version)) return
  throw versionNotLive(schema, version, live)
}

function checkReason(given: string): string {
  const reason = given.trim()
  if (reason !== '' && reason.length <= 500 && reason.isWellFormed() && !reason.includes('\0')) return reason
  throw new BackSaasError('PIN_REASON_INVALID', 422, 'a pin needs a reason, of 500 characters at most', {
    hint: 'say why it must not move: whoever waits for it reads this',
  })
}

/** By the database's clock; and which reminder its time is past already, so that nobody is told what they have just said. */
async function resolveDeadline(
  connection: Connection,
  text: string,
): Promise<{ readonly until: string; readonly reminder: string }> {
  const deadline = readDeadline(text)
  if (!deadline) throw untilInvalid(`${JSON.stringify(text)} is no deadline`)
  const params = 'afterMs' in deadline ? [String(deadline.afterMs), null] : [null, String(deadline.atMs)]
  const [row] = await query(
    connection,
    `select (at * 1000)::bigint::text, (at <= now)::text, (at > year)::text,
            case when at - now <= 86400 then '2' when at - now <= 604800 then '1' else '0' end from (
       select coalesce(extract(epoch from clock_timestamp()) + $1::numeric / 1000, $2::numeric / 1000) as at,
              extract(epoch from clock_timestamp()) as now,
              extract(epoch from clock_timestamp() + interval '1 year') as year) x`,
    params,
  )
  const at = new Date(Number(row?.[0]))
  if (row?.[1] === 'true') throw untilInvalid(`${text} is not in the future`)
  if (row?.[2] === 'true') throw untilInvalid(`${text} is more than a year away`)
  return { until: at.toISOString(), reminder: String(row?.[3]) }
}

function untilInvalid(message: string): BackSaasError {
  return new BackSaasError('PIN_UNTIL_INVALID', 422, message, {
    hint: 'a year at most: `30d` (m, h, d, w), or a time such as 2027-01-31T12:00:00Z; pin again to prolong it',
  })
}

/** As the registry answers it. */
export function pinJson({ tenant, profile, schemaId, version, until, reason }: PinnedInstall): JsonObject {
  return { tenant, profile, schema_id: schemaId, version, until, reason }
}

/** As the registry answers it. */
export function unpinJson({ tenant, profile, schemaId, version, unpinned, moved }: UnpinnedInstall): JsonObject {
  return { tenant, profile, schema_id: schemaId, version, unpinned, moved }
}
