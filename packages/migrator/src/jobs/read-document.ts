/** The document that a job is about: given with it, or a draft of the tenant. */
import type { DocumentArguments } from '@backsaas/core'
import { BackSaasError, invariant } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { tableNames } from '../registry/platform.ts'
import type { ActContext } from './act.ts'

export interface GivenDocument {
  readonly source: string
  /** The version that a draft was begun from. */
  readonly base: number | null
}

/** @throws `DRAFT_UNKNOWN` (404). */
export async function readDocument(
  { source, draft }: DocumentArguments,
  { connection, platform, tenant }: Pick<ActContext, 'connection' | 'platform' | 'tenant'>,
): Promise<GivenDocument> {
  if (source !== undefined) return { source, base: null }
  invariant(draft !== undefined, 'a job about a document has one, or names a draft')
  const drafts = tableNames(platform, 'drafts')
  const [row] = await query(
    connection,
    `select ${drafts.column('source')}, ${drafts.column('base')}::text from ${drafts.table}
     where ${drafts.tenant} = $1 and ${drafts.column('id')} = $2 for update`,
    [tenant.id, draft],
  )
  if (!row) throw new BackSaasError('DRAFT_UNKNOWN', 404, `there is no draft ${draft}`)
  return { source: String(row[0]), base: row[1] === null || row[1] === undefined ? null : Number(row[1]) }
}
