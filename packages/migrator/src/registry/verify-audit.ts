/** Whether a tenant's audit log is what was written: each entry's hash over its content and the hash before. */
import { createHash } from 'node:crypto'
import type { Connection, Database } from '@backsaas/core'
import { FIRST_HASH, hashedText } from '../bootstrap/audit-functions.ts'
import { migratorTransaction, query } from '../execute/migrator-transaction.ts'
import { findTenant } from './find-tenant.ts'
import { type Platform, readPlatform, tableNames } from './platform.ts'

export interface AuditVerdict {
  readonly entries: number
  /** `<position>:<hash>` of the last entry; null where there is none. To be kept elsewhere: it tells whether entries are gone from the end. */
  readonly head: string | null
  /** The first place where the log is not what was written; null where it is whole. */
  readonly broken: { readonly position: number; readonly reason: string } | null
}

const PAGE = 1000

/**
 * Reads all of the log, in one transaction.
 *
 * @param asked the tenant's slug or id; `head` of an earlier time, which must still be in the log.
 * @throws `TENANT_UNKNOWN` (404).
 * @example const { broken, head } = await verifyAudit(database, { tenant: 'acme' })
 */
export function verifyAudit(
  database: Database,
  asked: { readonly tenant: string; readonly head?: string },
): Promise<AuditVerdict> {
  return migratorTransaction(database, async (connection) => {
    const platform = await readPlatform(connection)
    const tenant = await findTenant(connection, platform, asked.tenant)
    let state: AuditVerdict = { entries: 0, head: null, broken: null }
    let previous = FIRST_HASH
    let hasHead = asked.head === undefined
    for (;;) {
      const page = await readPage(connection, platform, tenant.id, state.entries)
      for (const entry of page) {
        const reason = faultOf(entry, state.entries + 1, previous)
        if (reason) return { ...state, broken: { position: state.entries + 1, reason } }
        previous = entry.hash
        const head = `${entry.position}:${entry.hash}`
        hasHead ||= head === asked.head
        state = { ...state, entries: state.entries + 1, head }
      }
      if (page.length === PAGE) continue
      const reason = 'the head that was given is not in the log: entries are gone from its end, or it was written anew'
      return hasHead ? state : { ...state, broken: { position: state.entries, reason } }
    }
  })
}

interface Entry {
  readonly position: string
  readonly previous: string
  readonly hash: string
  readonly text: string
}

async function readPage(
  connection: Connection,
  platform: Platform,
  tenantId: string,
  after: number,
): Promise<readonly Entry[]> {
  const { table, tenant, column } = tableNames(platform, 'audit_log')
  const shown = ['position', 'previous_hash', 'hash'].map((field) => `${column(field)}::text`)
  const rows = await query(
    connection,
    `select ${shown.join(', ')}, ${hashedText(tenant, column)} from ${table} as l
     where ${tenant} = $1 and ${column('position')} > $2 order by l.${column('position')} limit ${PAGE}`,
    [tenantId, String(after)],
  )
  return rows.map(([position, previous, hash, text]) => ({
    position: String(position),
    previous: String(previous),
    hash: String(hash),
    text: String(text),
  }))
}

function faultOf({ position, previous, hash, text }: Entry, expected: number, last: string): string | null {
  if (Number(position) !== expected) return `entry ${expected} is gone`
  if (previous !== last) return 'it does not follow the entry before'
  const made = createHash('sha256')
    .update(last + text)
    .digest('hex')
  return made === hash ? null : 'it was changed after it was written'
}
