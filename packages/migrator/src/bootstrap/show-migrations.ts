/** How migrations stand, as rows of the platform's own schema, which admins and studio read: kept by a trigger, in the transaction of each checkpoint. */
import type { Connection } from '@backsaas/core'
import { MIGRATIONS_CHANNEL, query, runDdl } from '../execute/migrator-transaction.ts'
import { literal } from '../plan/quote.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

/** Makes the trigger, or makes it anew where the platform's tables have other names. */
export async function showMigrations(connection: Connection, platform: Platform): Promise<void> {
  const body = functionBody(platform)
  const [standing] = await query(
    connection,
    `select prosrc from pg_proc where pronamespace = 'backsaas'::regnamespace and proname = 'show_migration'`,
  )
  if (standing?.[0] === body) return
  await runDdl(connection, [
    `create or replace function backsaas.show_migration() returns trigger
     language plpgsql set search_path = pg_catalog, pg_temp as ${literal(body)}`,
    'revoke all on function backsaas.show_migration() from public',
    `create or replace trigger show_migration
     after insert or update of phase, state, step, rows_done, rows_total, problem, wanted on backsaas.migrations
     for each row execute function backsaas.show_migration()`,
  ])
}

/**
 * Others have rows in a shared schema too: they are counted, and shown to the operator alone (`backsaas status`). Who has it pinned is no row of
 * theirs: that is said to the owner, who waits for them.
 */
const OWN_PROBLEM = `case when new.problem::json -> 'samples' is null or new.problem::json ->> 'code' = 'INSTALLS_PINNED' then new.problem::json
      else jsonb_set(new.problem::jsonb, '{samples}', (
        select coalesce(jsonb_agg(s.sample), '[]') from jsonb_array_elements(new.problem::jsonb -> 'samples') s (sample)
        where s.sample ->> 'tenant_id' = new.owner_id::text))::json end`

function functionBody(platform: Platform): string {
  const { table, tenant, column } = tableNames(platform, 'migrations')
  const values: readonly (readonly [field: string, value: string])[] = [
    ['id', 'new.id'],
    ['schema_id', 'new.schema_id'],
    ['schema_name', 'new.schema_name'],
    ['from_version', 'new.from_version'],
    ['to_version', 'new.to_version'],
    ['phase', 'new.phase'],
    ['state', 'new.state'],
    ['step', 'new.step'],
    ['steps', `json_array_length(new.plan::json -> 'steps')`],
    ['rows_done', 'new.rows_done'],
    ['rows_total', 'new.rows_total'],
    ['problem', OWN_PROBLEM],
    ['token', 'new.token'],
    ['created_at', 'new.created_at'],
    ['updated_at', 'clock_timestamp()'],
  ]
  const columns = values.map(([field]) => column(field)).join(', ')
  const changing = ['phase', 'state', 'step', 'rows_done', 'rows_total', 'problem', 'updated_at']
  const sets = values
    .filter(([field]) => changing.includes(field))
    .map(([field, value]) => `${column(field)} = ${value}`)
  return `
begin
  if tg_op = 'UPDATE' then
    if new.wanted is distinct from old.wanted or (new.wanted is not null and new.state = 'ready' and old.state <> 'ready') then
      perform pg_notify('${MIGRATIONS_CHANNEL}', '');
    end if;
  end if;
  -- How a store follows is told by its delivery.
  if new.follows then return null; end if;
  if tg_op = 'UPDATE' then
    update ${table} set ${sets.join(', ')} where ${tenant} = new.owner_id and ${column('id')} = new.id;
    if found then return null; end if;
  end if;
  insert into ${table} (${tenant}, ${columns}) values (new.owner_id, ${values.map(([, value]) => value).join(', ')});
  return null;
end
`
}
