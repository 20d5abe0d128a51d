/**
 * The change feed: which of the platform's rows have changed, written by the database itself in the transaction of the change.
 *
 * - `backsaas.changes(xid xid8, entity text, subject uuid, at timestamptz, seen_at timestamptz)`: written by triggers
 *   whoever changes a row, read by runtimes, pruned by the migrator. `xid` is the transaction's.
 *
 * A reader asks for what has `xid >= horizon`, and is answered the next horizon, `pg_snapshot_xmin`, by the same snapshot:
 * all below it is settled and was visible, so that nothing is missed, and a change may be read more than once.
 */

export type WatchedEntity =
  | 'tenants'
  | 'installs'
  | 'api_keys'
  | 'policies'
  | 'users'
  | 'memberships'
  | 'identity_providers'
  | 'settings'
  | 'function_settings'
  | 'versions'
  | 'fence_tenants'

/**
 * The entities of `schemas/platform.yaml` that are watched, and the field by which a row names the tenant that it is
 * about: null for the row's own tenant.
 */
export const WATCHED_ENTITIES: Readonly<Partial<Record<WatchedEntity, string | null>>> = {
  tenants: 'id',
  installs: null,
  api_keys: null,
  policies: null,
  users: null,
  memberships: null,
  identity_providers: null,
  settings: null,
  function_settings: null,
}

/** The tables of the control schema that are watched, and the column by which a row says what it is about. */
export const WATCHED_TABLES: Readonly<Partial<Record<WatchedEntity, string>>> = {
  versions: 'placement_id',
  fence_tenants: 'tenant_id',
}

export interface Change {
  /** One that this release does not know may be there too: another release watches more. */
  readonly entity: WatchedEntity | (string & {})
  /** A tenant's id, of `versions` a placement's; null where too many changed at once to name them. */
  readonly subject: string | null
}

/** Where one statement changes more than so many subjects, one change without a subject tells them all. */
export const MAX_NAMED_CHANGES = 5000

/** How long a change stays readable after its commit, at least. Who has not read for longer begins anew. */
export const CHANGES_KEPT_MS: number = 10 * 60_000
