/** The change feed: triggers that note whose rows have changed, whoever changes them. See `changes.ts` of the contracts. */
import { type Connection, type Database, MAX_NAMED_CHANGES, WATCHED_ENTITIES, WATCHED_TABLES } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query, runDdl } from '../execute/migrator-transaction.ts'
import { literal, qualified } from '../plan/quote.ts'
import { readPlatform, tableNames } from '../registry/platform.ts'
import { addIndex } from './if-missing.ts'
import { CONTROL_SCHEMA } from './store-schema.ts'

/** Made with the other tables of the control schema. `seen_at` is when the migrator first saw it committed. */
export const CHANGES: readonly string[] = [
  `create table if not exists backsaas.changes (
     xid xid8 not null default pg_current_xact_id(), entity text not null, subject uuid,
     at timestamptz not null default clock_timestamp(), seen_at timestamptz)`,
  addIndex('backsaas.backsaas_changes_xid', 'create index backsaas_changes_xid on backsaas.changes (xid)'),
]

/**
 * Runs with its owner's rights, since who changes a row may not write here; all it does is insert. Its arguments are the entity
 * and the column that says what a row is about; the rows are those of the statement, as each trigger names them.
 */
export const NOTE_CHANGE: string = `create or replace function backsaas.note_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $note$
declare
  subjects uuid[];
  part text := format('select %I as subject from ', tg_argv[1]);
begin
  if tg_op = 'TRUNCATE' then
    insert into backsaas.changes (entity) values (tg_argv[0]);
    return null;
  end if;
  execute 'select array_agg(subject) from (select distinct subject from ('
    || case tg_op when 'INSERT' then part || 'rows_after'
                  when 'DELETE' then part || 'rows_before'
                  else part || 'rows_after union all ' || part || 'rows_before' end
    || ') named limit ${MAX_NAMED_CHANGES + 1}) subjects' into subjects;
  if cardinality(subjects) > ${MAX_NAMED_CHANGES} then
    insert into backsaas.changes (entity) values (tg_argv[0]);
  else
    insert into backsaas.changes (entity, subject) select tg_argv[0], subject from unnest(subjects) as named (subject);
  end if;
  return null;
end
$note$`

interface Watch {
  /** Qualified and quoted. */
  readonly table: string
  readonly entity: string
  /** The column's name, not quoted. */
  readonly column: string
}

/** Adds the triggers that are missing or changed; where none is, no table is locked. */
export async function watchTables(database: Database): Promise<void> {
  await migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const standing = await readTriggers(connection)
    const missing = (await watches(connection)).flatMap((watch) =>
      triggers(watch).filter(({ key }) => !standing.has(key)),
    )
    await runDdl(
      connection,
      missing.map(({ statement }) => statement),
    )
  })
}

async function watches(connection: Connection): Promise<readonly Watch[]> {
  const platform = await readPlatform(connection)
  const control = Object.entries(WATCHED_TABLES).map(([entity, column]) => ({
    table: qualified(CONTROL_SCHEMA, entity),
    entity,
    column,
  }))
  const entities = Object.entries(WATCHED_ENTITIES).map(([entity, field]) => {
    const { table, tenant, column } = tableNames(platform, entity)
    return { table, entity, column: unquoted(field === null ? tenant : column(field)) }
  })
  return [...control, ...entities]
}

interface Trigger {
  /** Tells it from every other, its arguments included. */
  readonly key: string
  readonly statement: string
}

/** One for each event: Postgres names the rows of a statement in a trigger of a single event only. */
const EVENTS: readonly (readonly [name: string, event: string, rows: string])[] = [
  ['backsaas_note_insert', 'insert', ' referencing new table as rows_after'],
  ['backsaas_note_update', 'update', ' referencing new table as rows_after old table as rows_before'],
  ['backsaas_note_delete', 'delete', ' referencing old table as rows_before'],
  ['backsaas_note_truncate', 'truncate', ''],
]

function triggers({ table, entity, column }: Watch): readonly Trigger[] {
  return EVENTS.map(([name, event, rows]) => ({
    key: keyOf(table, name, entity, column),
    statement:
      `create or replace trigger ${name} after ${event} on ${table}${rows} for each statement ` +
      `execute function backsaas.note_change(${literal(entity)}, ${literal(column)})`,
  }))
}

/** Those that fire, by what their keys are made of. */
const TRIGGERS = `
  select format('%I.%I', n.nspname, c.relname), t.tgname::text, encode(t.tgargs, 'escape')
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace
  where f.nspname = '${CONTROL_SCHEMA}' and p.proname = 'note_change' and t.tgenabled = 'O'`

async function readTriggers(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await query(connection, TRIGGERS)
  return new Set(
    rows.map(([table, name, args]) => {
      const [entity = '', column = ''] = String(args).split('\\000')
      return keyOf(String(table).replaceAll('"', ''), String(name), entity, column)
    }),
  )
}

function keyOf(table: string, ...rest: readonly string[]): string {
  return [table.replaceAll('"', ''), ...rest].join('\n')
}

/** The names that `tableNames` gives are quoted; a trigger's argument is not. */
function unquoted(name: string): string {
  return name.slice(1, -1).replaceAll('""', '"')
}
