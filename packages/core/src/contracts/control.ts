/**
 * The control schema `backsaas` of a database: what migrator and runtime agree on in SQL.
 *
 * Made by the migrator's bootstrap. The runtime may execute `enter` and select from `placements`, `versions`,
 * `fence_tenants`, `pruned_events` and `changes` (see `changes.ts`); it may write none of them.
 *
 * - `backsaas.logins(kind text primary key, name text, password text)`: readable by the owner only.
 * - `backsaas.placements(id uuid primary key, store_id uuid, schema_id uuid, schema_name text, pg_schema text, database text)`:
 *   a schema in a store. Where `database` names another database, its tables, its versions, their fence and the outbox of its writes are
 *   there; this row and those of its versions are copies.
 * - `backsaas.versions(placement_id uuid, version int, state text, hash text, compiled text, mapping text, created_at)`,
 *   key (placement_id, version): `state` is `preparing` (a migration
 *   makes it), `live` or `retired`; `deprecated_at` and `sunset_at` are set of one that is on its way out; `compiled` and `mapping` are the JSON of
 *   `CompiledSchema` and `Mapping`.
 * - `backsaas.fence_tenants(tenant_id uuid primary key, state text)`: `live` or `suspended`.
 * - `backsaas.pruned_events(tenant_id uuid primary key, position bigint)`: up to where a tenant's events are removed.
 * - `backsaas.migrations`, `migration_rows`, `parked_tables`: the migrator's own, of which the runtime knows nothing.
 * - `backsaas.enter(tenant uuid, placement uuid, version int) returns table (tenant uuid)`: begins every statement or
 *   transaction of the runtime; sets `backsaas.tenant`, and `backsaas.version` (`<placement>:<version>`) for the triggers that keep
 *   the columns of several versions in step, which raise BS009 where both are written and do not agree. Raises BS001 (version not live), BS002 (tenant not live), BS003 (another tenant is
 *   already set, or the isolation is not read committed).
 * - `backsaas.refuse(state text, detail text) returns text`: raises SQLSTATE `state` with `detail`; undoes a write from
 *   inside its own statement (BS004: more rows than `max-affected`; BS005: `tx=rollback`, the answer in the detail; BS006: not one row where one was
 *   asked for, their number in the detail; BS007: a rule forbids what the row has become, the action in the detail; BS008: a check of the
 *   schema does not hold, its index in the detail; BS009: rows that
 *   hooks have seen are not the same any more).
 * - `backsaas.documents(name text primary key, body text)`: the language's JSON Schemas, under the names of `DOCUMENTS`.
 * - `backsaas.notify_inserted(channel)`: a trigger's; notifies a channel, without any content, that rows were inserted.
 * - `backsaas.limit_jobs(finished column, most)`: a trigger's; raises BS010 where a tenant, `system` excepted, has more jobs than that
 *   which have not ended, the most in the detail.
 */

/** The setting of a transaction that says who acts, as JSON: `{ kind, id }`. What the audit log has, where nothing is said, is the login. */
export const ACTOR_SETTING = 'backsaas.actor'

/** SQLSTATEs that `backsaas.enter` raises. */
export const FENCE = { retired: 'BS001', suspended: 'BS002', misuse: 'BS003' } as const

/** SQLSTATEs that the planner has `backsaas.refuse` raise. */
export const REFUSED = {
  maxAffected: 'BS004',
  rollback: 'BS005',
  notOne: 'BS006',
  forbidden: 'BS007',
  check: 'BS008',
  changed: 'BS009',
} as const

/** The SQLSTATE that `backsaas.limit_jobs` raises. */
export const JOBS_FULL = 'BS010'

/** The tenant that owns what is the platform's. */
export const SYSTEM_TENANT_ID = '00000000-0000-7000-8000-000000000001'
/** The placement of `schemas/platform.yaml`, and the store it stands in. */
export const PLATFORM_PLACEMENT_ID = '00000000-0000-7000-8000-000000000002'
export const PLATFORM_STORE_ID = '00000000-0000-7000-8000-000000000003'
/** The pooled store that schemas go to unless told otherwise. */
export const DEFAULT_STORE_ID = '00000000-0000-7000-8000-000000000004'
/** The platform's own schema. */
export const PLATFORM_SCHEMA_ID = '00000000-0000-7000-8000-000000000005'

/** The JSON Schemas that `GET /schemas/{name}` shows to anybody: of a schema, and of a file of policy tests. */
export const DOCUMENTS = { schema: 'schema.json', tests: 'tests.json' } as const
