/**
 * What keeps the audit log: functions that triggers on the registry's tables call, in the transaction of the act itself and
 * whoever acts. So no act is without its entry, and no entry without its act.
 */
import { ACTOR_SETTING } from '@backsaas/core'

/** What the hash of a tenant's first entry is taken over. */
export const FIRST_HASH: string = '0'.repeat(64)

/**
 * All that an entry says, as the text that is hashed behind the hash before it. `jsonb` writes the same value in one way.
 *
 * @param column gives the expression of a field.
 */
export function hashedText(tenant: string, column: (field: string) => string): string {
  const at = `(extract(epoch from ${column('at')}) * 1000000)::bigint`
  const parts = ['position', 'actor', 'action', 'entity', 'row_id', 'change'].map(column)
  return `jsonb_build_array(${tenant}, ${at}, ${parts.join(', ')})::text`
}

/** Where `note_act` has what it hashes. */
const HASHED: Readonly<Record<string, string>> = {
  at: 'happened_at',
  position: 'coalesce(last.position, 0) + 1',
  entity: 'tg_argv[0]',
  row_id: 'about ->> tg_argv[3]',
  change: `coalesce(change, '{}')`,
}

/**
 * Runs with its owner's rights: nobody else may write to the log. Its arguments are the entity, its fields by column, the columns of which only
 * is told that they changed, the column of the key, and the log's own names. One entry at a time in a tenant: whoever is second waits, and
 * sees the first.
 */
export const NOTE_ACT: string = `create or replace function backsaas.note_act() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set row_security = on as $act$
declare
  fields jsonb := tg_argv[1]::jsonb;
  secrets jsonb := tg_argv[2]::jsonb;
  log jsonb := tg_argv[4]::jsonb;
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  about jsonb := coalesce(becomes, was);
  tenant uuid := (about ->> 'tenant_id')::uuid;
  entered text := current_setting('backsaas.tenant', true);
  change jsonb;
  actor jsonb := coalesce(nullif(current_setting('${ACTOR_SETTING}', true), '')::jsonb,
                          jsonb_build_object('kind', 'operator', 'id', 'backsaas'));
  action text := case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end;
  happened_at timestamptz := clock_timestamp();
  last record;
  written text;
  previous text;
begin
  select jsonb_object_agg(f.value, case when secrets ? f.key then '"changed"' else jsonb_build_array(was -> f.key, becomes -> f.key) end)
    into change from jsonb_each_text(fields) f where was -> f.key is distinct from becomes -> f.key;
  if tg_op = 'UPDATE' and change is null then
    return null;
  end if;
  perform pg_advisory_xact_lock(25204, hashtext(tenant::text));
  perform set_config('backsaas.tenant', tenant::text, true);
  execute format('select %s as position, %s as hash from %s where tenant_id = $1 order by 1 desc limit 1',
                 log ->> 'position', log ->> 'hash', log ->> 'table') into last using tenant;
  previous := coalesce(last.hash, '${FIRST_HASH}');
  written := ${hashedText('tenant', (field) => HASHED[field] ?? field)};
  execute format('insert into %s (tenant_id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
                 log ->> 'table', log ->> 'id', log ->> 'position', log ->> 'at', log ->> 'actor', log ->> 'action', log ->> 'entity',
                 log ->> 'row_id', log ->> 'change', log ->> 'previous_hash', log ->> 'hash')
    using tenant, gen_random_uuid(), coalesce(last.position, 0) + 1, happened_at, actor, action, tg_argv[0], about ->> tg_argv[3],
          coalesce(change, '{}'), previous, encode(sha256(convert_to(previous || written, 'UTF8')), 'hex');
  perform set_config('backsaas.tenant', coalesce(entered, ''), true);
  return null;
end
$act$`

/** Only the log's owner adds to it, which nobody logs in as: that is the function above. Nothing is changed or taken out. */
export const APPEND_ONLY: string = `create or replace function backsaas.append_only() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $only$
begin
  if tg_op = 'INSERT' and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    return new;
  end if;
  raise exception 'the audit log is only ever added to, by the acts it tells of' using errcode = '42501';
end
$only$`
