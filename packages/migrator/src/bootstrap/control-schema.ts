/** The control schema: fence, placements, versions, the relay's lease, the change feed, the audit log's functions, and `enter` and `refuse`. */
import { JOBS_FULL, SYSTEM_TENANT_ID } from '@backsaas/core'
import { identifier } from '../plan/quote.ts'
import type { Roles } from '../plan/row-security.ts'
import { APPEND_ONLY, NOTE_ACT } from './audit-functions.ts'
import { CHANGES, NOTE_CHANGE } from './change-feed.ts'
import { addColumns, addIndex, dropIndex } from './if-missing.ts'
import { CONTROL_SCHEMA, STORE_SCHEMAS } from './store-schema.ts'
import { STORE_TABLES } from './store-tables.ts'

/** Idempotent statements, to be run as the owner role. */
export function controlSchema(roles: Roles): string[] {
  const runtime = identifier(roles.runtime)
  const schemas = [CONTROL_SCHEMA, ...STORE_SCHEMAS].map(identifier).join(', ')
  return [
    ...TABLES,
    STATES,
    'insert into backsaas.relay_lease default values on conflict do nothing',
    ENTER,
    REFUSE,
    TELL_OUTBOX,
    'revoke all on function backsaas.tell_outbox() from public',
    NOTE_CHANGE,
    'revoke all on function backsaas.note_change() from public',
    NOTE_ACT,
    'revoke all on function backsaas.note_act() from public',
    APPEND_ONLY,
    'revoke all on function backsaas.append_only() from public',
    NOTIFY_INSERTED,
    LIMIT_JOBS,
    'revoke all on function backsaas.limit_jobs() from public',
    'revoke all on function backsaas.notify_inserted() from public',
    'revoke all on function backsaas.enter(uuid, uuid, int) from public',
    `grant usage on schema ${schemas} to ${runtime}`,
    `grant select on ${READABLE} to ${runtime}`,
    'revoke all on function backsaas.refuse(text, text) from public',
    `grant execute on function backsaas.enter(uuid, uuid, int), backsaas.refuse(text, text) to ${runtime}`,
  ]
}

/** What the runtime reads of the control schema. */
const READABLE = ['placements', 'versions', 'fence_tenants', 'changes', 'documents', 'pruned_events']
  .map((table) => `backsaas.${table}`)
  .join(', ')

const TABLES = [
  'create table if not exists backsaas.documents (name text primary key, body text not null)',
  `create table if not exists backsaas.placements (
     id uuid primary key, store_id uuid not null, schema_id uuid not null, schema_name text not null,
     pg_schema text not null, database text, unique (store_id, schema_id))`,
  // Where its tables are in another database: then this row and those of its versions are copies of what stands there.
  addColumns('backsaas.placements', { database: 'text' }),
  `create table if not exists backsaas.versions (
     placement_id uuid not null references backsaas.placements, version int not null check (version >= 1),
     state text not null check (state in ('preparing', 'live', 'retired')), hash text not null, compiled text not null,
     mapping text not null, created_at timestamptz not null default now(), deprecated_at timestamptz, sunset_at timestamptz,
     held boolean not null default false,
     primary key (placement_id, version))`,
  addColumns('backsaas.versions', {
    deprecated_at: 'timestamptz',
    sunset_at: 'timestamptz',
    held: 'boolean not null default false',
  }),
  `create table if not exists backsaas.fence_tenants (
     tenant_id uuid primary key, state text not null check (state in ('live', 'suspended')))`,
  `create table if not exists backsaas.relay_lease (
     id int primary key default 1 check (id = 1), holder text, epoch bigint not null default 0,
     held_until timestamptz not null default '-infinity', last_position bigint not null default 0)`,
  `create table if not exists backsaas.pruned_events (tenant_id uuid primary key, position bigint not null)`,
  ...CHANGES,
  ...STORE_TABLES,
  // One on its way at a time in a placement, beside those that wait for their contract. `plan` is frozen: what is run is what was shown.
  `create table if not exists backsaas.migrations (
     id uuid primary key, placement_id uuid not null references backsaas.placements, schema_id uuid not null,
     owner_id uuid not null, schema_name text not null, from_version int not null, to_version int not null,
     plan text not null, plan_hash text not null, token text not null, source text not null,
     phase text not null default 'expand'
       check (phase in ('expand', 'backfill', 'live', 'contract', 'done', 'rollback', 'rolled_back')),
     state text not null default 'ready' check (state in ('ready', 'running', 'waiting', 'blocked', 'failed', 'ended')),
     step int not null default 0, step_cursor text, rows_done bigint not null default 0, rows_total bigint not null default 0,
     problem text,
     lease_owner text, lease_epoch bigint not null default 0, lease_until timestamptz not null default '-infinity',
     created_at timestamptz not null default now(), updated_at timestamptz not null default now())`,
  // What the migrator process is asked for, and what it was told for that; null where somebody runs it by hand.
  addColumns('backsaas.migrations', {
    wanted: `text check (wanted in ('live', 'done', 'rolled_back'))`,
    confirmed: 'text',
    hurried: 'boolean not null default false',
    holds: 'boolean not null default false',
    // It brings a version to one more store: the registry has it already.
    follows: 'boolean not null default false',
    store: 'text',
  }),
  // It held those that only wait for their contract as well.
  dropIndex('backsaas.migrations_under_way'),
  addIndex(
    'backsaas.migrations_on_their_way',
    `create unique index migrations_on_their_way on backsaas.migrations (placement_id) where phase in ('expand', 'backfill', 'rollback')`,
  ),
  // Rows that a backfill could not convert; gone from here once they are.
  `create table if not exists backsaas.migration_rows (
     migration_id uuid not null references backsaas.migrations, step int not null, tenant_id uuid not null, row_key text not null,
     entity text not null, sql_state text not null, reason text not null, found_at timestamptz not null default now(),
     primary key (migration_id, step, tenant_id, row_key))`,
  // Rows that a conversion by a hook has to look at; `n` tells whether one was written again meanwhile.
  `create table if not exists backsaas.migration_keys (
     table_name text not null, tenant_id uuid not null, row_key text not null, side text not null check (side in ('up', 'down')),
     n bigint generated always as identity, primary key (table_name, tenant_id, row_key))`,
  // Columns that the other side has written since.
  addColumns('backsaas.migration_keys', { later: 'text[]' }),
  addIndex(
    'backsaas.migration_keys_in_order',
    'create index migration_keys_in_order on backsaas.migration_keys (table_name, n)',
  ),
  // Tables that no version has any more, kept until nobody can want them back.
  `create table if not exists backsaas.parked_tables (
     name text primary key, migration_id uuid not null, entity text not null, parked_at timestamptz not null default now(),
     dropped_at timestamptz)`,
]

/** Of a database that was set up before there were migrations. */
const STATES = `do $states$
begin
  if not exists (select from pg_constraint where conrelid = 'backsaas.versions'::regclass and contype = 'c'
                 and pg_get_constraintdef(oid) like '%preparing%') then
    alter table backsaas.versions drop constraint if exists versions_state_check,
      add constraint versions_state_check check (state in ('preparing', 'live', 'retired'));
  end if;
end
$states$`

/**
 * Volatile, so that its inner statements see what has been committed up to now, and not only what the outer statement
 * sees: a version retired or a tenant suspended a moment ago is refused. Under another isolation than read committed
 * they would not, hence BS003.
 *
 * It is part of every read, so its words were weighed: an assignment costs less than `perform`, one look-up less than two.
 * What was sent together is one transaction that enters for each: from the second on it finds the setting that says which
 * version was live, and asks no more, as statements that follow one `enter` do not either.
 */
const ENTER = `create or replace function backsaas.enter(in_tenant uuid, in_placement uuid, in_version int)
returns table (tenant uuid) language plpgsql volatile rows 1 as $enter$
declare
  entered text := current_setting('backsaas.tenant', true);
  asked text := in_placement::text || ':' || in_version;
begin
  tenant := in_tenant;
  if entered = in_tenant::text then
    if current_setting('backsaas.version', true) = asked then
      return next;
      return;
    end if;
  elsif in_tenant is null then
    raise exception 'no tenant is given' using errcode = 'BS002';
  elsif entered <> '' then
    raise exception 'another tenant is entered already' using errcode = 'BS003';
  else
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'backsaas.enter needs the isolation read committed' using errcode = 'BS003';
    end if;
    entered := set_config('backsaas.tenant', in_tenant::text, true);
  end if;
  perform from backsaas.fence_tenants f, backsaas.versions v
    where f.tenant_id = in_tenant and f.state = 'live'
      and v.placement_id = in_placement and v.version = in_version and v.state = 'live';
  if not found then
    if exists (select from backsaas.fence_tenants f where f.tenant_id = in_tenant and f.state = 'live') then
      raise exception 'the version is not live' using errcode = 'BS001';
    end if;
    raise exception 'the tenant is not live' using errcode = 'BS002';
  end if;
  entered := set_config('backsaas.version', asked, true);
  return next;
end
$enter$`

/** Wakes the relay; of several calls in a transaction Postgres passes on one. The trigger is the outbox' own: `installPlatform`. */
const TELL_OUTBOX = `create or replace function backsaas.tell_outbox() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $tell$
begin
  perform pg_notify('backsaas_outbox', '');
  return null;
end
$tell$`

/** A trigger's, that is given a channel: tells it that rows were inserted; a hint, without any content. */
const NOTIFY_INSERTED = `create or replace function backsaas.notify_inserted() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $notify$
begin
  perform pg_notify(tg_argv[0], '');
  return null;
end
$notify$`

/**
 * A trigger's, of the table of jobs: see the contracts. Counted after the statement, so that many rows at once count too; what is
 * not committed elsewhere is not, so of many at the same moment a few too many may come in.
 */
const LIMIT_JOBS = `create or replace function backsaas.limit_jobs() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $limit$
declare
  most int := tg_argv[1]::int;
  crowded bool;
begin
  execute format(
    'select exists (
       select from (select distinct tenant_id from inserted where tenant_id <> %L::uuid) i
       where (select count(*) from (
                select from %s j where j.tenant_id = i.tenant_id and j.%s is null limit %s + 1) w) > %s)',
    '${SYSTEM_TENANT_ID}', tg_relid::regclass, tg_argv[0], most, most) into crowded;
  if crowded then
    raise exception 'too many jobs wait' using errcode = '${JOBS_FULL}', detail = most::text;
  end if;
  return null;
end
$limit$`

/** Undoes a write from inside its own statement: see `REFUSED` in the contracts. */
const REFUSE = `create or replace function backsaas.refuse(state text, detail text) returns text
language plpgsql volatile as $refuse$
begin
  raise exception 'refused' using errcode = refuse.state, detail = refuse.detail;
end
$refuse$`
