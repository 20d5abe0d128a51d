/** A document to a version that serves: compiled, published for its owner and, where that is a tenant, installed for it. */
import type { CompiledSchema, Connection, FunctionDefinition } from '@backsaas/core'
import { BackSaasError, DEFAULT_STORE_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import type { MigrationHook } from '../execute/migration-hook.ts'
import type { Naming } from '../plan/names.ts'
import type { DeliveryPlan } from '../stores/delivery-row.ts'
import { storeOf } from '../stores/store-of.ts'
import { type Decide, withDecisions } from './decide.ts'
import type { FoundTenant } from './find-tenant.ts'
import { installFor, readInstalls } from './installs.ts'
import { type Published, publishVersion } from './publish-version.ts'

export interface Document {
  readonly compiled: CompiledSchema
  /** As it was written. */
  readonly source: string
  readonly owner: FoundTenant
  readonly naming: Naming
  /** See `Publication`. */
  readonly base?: number
  readonly hold?: boolean
  readonly delivery?: DeliveryPlan
  /** What conversions may name; left out where the migration is run by another process. */
  readonly hooks?: readonly MigrationHook[]
}

export interface Compiling {
  readonly decide?: Decide | undefined
  /** What the document may name in `hooks:` and `functions:`. */
  readonly functions?: readonly FunctionDefinition[]
}

/** @throws `SchemaProblems` (422); `SCHEMA_NAME_RESERVED` (422). */
export async function compileToPublish(source: string, { decide, functions = [] }: Compiling): Promise<CompiledSchema> {
  const compiled = compileSchema(source, { functions })
  if (compiled.name === 'platform') {
    throw new BackSaasError('SCHEMA_NAME_RESERVED', 422, 'the name "platform" is the platform\'s own', {
      hint: 'call the schema otherwise',
    })
  }
  return withDecisions(compiled, decide)
}

export interface PublishedDocument extends Published {
  /** What its owner knows it by; null where it is the platform's, or where another schema has that name there. */
  readonly profile: string | null
}

/**
 * Publishes inside the caller's transaction. What cannot stand in one is left to `convergePlacement`.
 *
 * @throws as `publishVersion`.
 */
export async function publishDocument(connection: Connection, document: Document): Promise<PublishedDocument> {
  const { owner, hooks: _, ...publication } = document
  const published = await publishVersion(connection, { ...publication, ownerId: owner.id, storeId: DEFAULT_STORE_ID })
  const profile = owner.id === SYSTEM_TENANT_ID ? null : await installOwn(connection, published, document)
  return { ...published, profile }
}

/** A name that another schema has at the tenant stays that one's: the owner may install its own as another profile. */
async function installOwn(
  connection: Connection,
  { platform, schemaId }: Published,
  { owner, compiled }: Document,
): Promise<string | null> {
  const installs = await readInstalls(connection, platform, owner)
  const own = installs.find((install) => install.schemaId === schemaId)
  if (own) return own.profile
  if (installs.some(({ profile }) => profile === compiled.name)) return null
  // Its store has to have the schema first: see `installOwn`.
  if ((await storeOf(connection, { tenantId: owner.id })) !== null) return null
  return (await installFor(connection, platform, owner, `${owner.slug}/${compiled.name}`)).profile
}
