/** `backsaas audit verify TENANT`. */

import { BackSaasError } from '@backsaas/core'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'

interface AuditOptions extends DatabaseOptions {
  readonly head?: string
}

/** Adds the command to the group `audit`. */
export function addAuditVerify(audit: Command, io: Io): void {
  const command = audit
    .command('verify')
    .description("Check that a tenant's audit log is whole: every entry as it was written, none gone.")
    .argument('<tenant>', "the tenant's slug, or system")
    .option('--head <head>', 'what an earlier run told as head: it must still be in the log')
    .addHelpText('after', HELP)
  withDatabase(command).action((tenant: string, options: AuditOptions) => verify(tenant, options, io))
}

async function verify(tenant: string, { head, ...options }: AuditOptions, io: Io): Promise<void> {
  const { verifyAudit } = await import('@backsaas/migrator')
  const verdict = await useDatabase(options.database, (database) =>
    verifyAudit(database, { tenant, ...(head === undefined ? {} : { head }) }),
  )
  if (verdict.broken) {
    const { position, reason } = verdict.broken
    throw new BackSaasError('AUDIT_BROKEN', 409, `the audit log of ${tenant} breaks at entry ${position}: ${reason}`, {
      hint: 'Keep the database as it is, and compare with a backup from before.',
    })
  }
  io.out(options.json ? JSON.stringify(verdict) : `${verdict.entries} entries, whole; head ${verdict.head ?? 'none'}`)
}

const HELP = `
Examples:
  backsaas audit verify acme
  backsaas audit verify acme --head 1042:9f86d0…   # kept elsewhere: tells whether entries are gone from the end`
