/** Publishes at once what is compatible, and writes everything else down as a migration that is to be run. */
import type { Connection, Database } from '@backsaas/core'
import { BackSaasError, DEFAULT_STORE_ID } from '@backsaas/core'
import { refuseUnknownHooks } from '../execute/find-hook.ts'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { type Document, type PublishedDocument, publishDocument } from './publish-document.ts'
import { requestMigration } from './request-migration.ts'
import { type Publication, readStanding } from './standing.ts'

export type Outcome = { readonly kind: 'published'; readonly published: PublishedDocument } | Requested

export interface Requested {
  readonly kind: 'migration'
  readonly migrationId: string
  readonly placementId: string
  /** The same content was being migrated to already. */
  readonly resumed: boolean
}

/** Inside the caller's transaction; a publication that is refused has written nothing. @throws as `publishOrRequest`. */
export async function publishOrRequestWithin(connection: Connection, document: Document): Promise<Outcome> {
  try {
    return { kind: 'published', published: await publishDocument(connection, document) }
  } catch (error) {
    if (!isForMigration(error)) throw error
    return migrationFor(connection, document, error)
  }
}

/**
 * @param documentOf gives the document inside the transaction, where its owner is found.
 * @throws `CHANGE_AMBIGUOUS`, `MIGRATION_INCOMPLETE`, `MIGRATION_UNSUPPORTED`, `MIGRATION_OPEN`, `VERSION_CONFLICT`, `MIGRATION_HOOK_UNKNOWN` (409), and what
 *   `publishDocument` throws otherwise.
 */
export async function publishOrRequest(
  database: Database,
  documentOf: (connection: Connection) => Promise<Document>,
  breaking: 'migrate' | 'refuse' = 'migrate',
): Promise<Outcome> {
  return migratorTransaction(database, async (connection) => {
    const document = await documentOf(connection)
    if (breaking === 'migrate') return publishOrRequestWithin(connection, document)
    return { kind: 'published', published: await publishDocument(connection, document) }
  })
}

/** Whether a refusal to publish at once says that a migration is needed, or is under way. */
export function isForMigration(error: unknown): error is BackSaasError {
  return error instanceof BackSaasError && ['NEEDS_MIGRATION', 'MIGRATION_OPEN'].includes(error.code)
}

async function migrationFor(
  connection: Connection,
  { owner, hooks, ...document }: Document,
  refusal: BackSaasError,
): Promise<Outcome> {
  const publication = { ...document, ownerId: owner.id, storeId: DEFAULT_STORE_ID }
  const open = await openMigration(connection, publication)
  if (open) return { kind: 'migration', ...open, resumed: true }
  if (refusal.code === 'MIGRATION_OPEN') throw refusal
  const { id, placementId, plan } = await requestMigration(connection, publication)
  if (hooks) refuseUnknownHooks(plan, hooks)
  return { kind: 'migration', migrationId: id, placementId, resumed: false }
}

/** The migration under way that makes this very content. */
export async function openMigration(
  connection: Connection,
  publication: Publication,
): Promise<{ migrationId: string; placementId: string } | null> {
  const { placementId, open, versions } = await readStanding(connection, publication)
  const same = open.find(
    ({ toVersion }) => versions.find(({ version }) => version === toVersion)?.hash === publication.compiled.hash,
  )
  return same ? { migrationId: same.id, placementId } : null
}
