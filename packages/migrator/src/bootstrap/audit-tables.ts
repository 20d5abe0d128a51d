/** The triggers of the audit log: on every table of the registry, but those whose rows are no acts. */
import type { CompiledEntity, Connection, Database } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query, runDdl } from '../execute/migrator-transaction.ts'
import { literal } from '../plan/quote.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { CONTROL_SCHEMA } from './store-schema.ts'

const LOG = 'audit_log'
/**
 * What the platform notes for itself, and what is only being written. Whatever else is added to the registry is audited: what data requests
 * write belongs here, since entries of a tenant take turns.
 */
const NO_ACTS: ReadonlySet<string> = new Set([
  LOG,
  'events',
  'runtimes',
  'key_uses',
  'drafts',
  'function_executions',
  'function_counters',
  'notifications',
  'migrations',
  'rollout_moves',
])
/** Of these only that they are asked for: how they go on is the migrator's own note. */
const ONLY_CREATED: ReadonlySet<string> = new Set(['jobs'])
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  api_keys: ['hash', 'previous_hash'],
  invitations: ['hash'],
  function_secrets: ['sealed'],
  // Long, and told by its hash.
  schema_versions: ['source'],
  // May hold what they are about, whole.
  jobs: ['input', 'base', 'result', 'problem', 'checkpoint'],
}
/** Of these only what somebody has said, which is in these fields. What a roll-out does to installs is noted there, and who asked for it with the jobs. */
const ONLY_SAID: Readonly<Record<string, readonly string[]>> = { rollouts: ['waves'] }
/** Changes with every write, and says nothing of it. */
const TOUCHED: ReadonlySet<string> = new Set(['updated_at', 'revision'])

/** Adds the triggers that are missing or changed; where none is, no table is locked. */
export async function auditTables(database: Database): Promise<void> {
  await migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const platform = await readPlatform(connection)
    const standing = await readTriggers(connection)
    const wanted = [
      ...keepOnly(platform),
      ...Object.values(platform.compiled.entities).flatMap((e) => note(e, platform)),
    ]
    await runDdl(
      connection,
      wanted.filter(({ key }) => !standing.has(key)).map(({ statement }) => statement),
    )
  })
}

interface Trigger {
  /** Tells it from every other, its arguments included. */
  readonly key: string
  readonly statement: string
}

function note(entity: CompiledEntity, platform: Platform): readonly Trigger[] {
  if (NO_ACTS.has(entity.name)) return []
  const { table, column } = tableNames(platform, entity.name)
  const said = ONLY_SAID[entity.name]
  const told = Object.values(entity.fields).filter(
    ({ name, computed }) => !TOUCHED.has(name) && !computed && (said?.includes(name) ?? true),
  )
  const fields = Object.fromEntries(told.map(({ name }) => [unquoted(column(name)), name]))
  const secrets = (UNTOLD[entity.name] ?? []).map((name) => unquoted(column(name)))
  const args = [
    entity.name,
    JSON.stringify(fields),
    JSON.stringify(secrets),
    unquoted(column(String(entity.key[0]))),
    logNames(platform),
  ]
  const all = ONLY_CREATED.has(entity.name) ? 'insert' : 'insert or update or delete'
  const events = said ? `update of ${said.map(column).join(', ')}` : all
  return [
    {
      key: keyOf(table, 'backsaas_audit', args),
      statement:
        `create or replace trigger backsaas_audit after ${events} on ${table} for each row ` +
        `execute function backsaas.note_act(${args.map(literal).join(', ')})`,
    },
  ]
}

/** Quoted, for the function to put into its statements. */
function logNames(platform: Platform): string {
  const { table, column } = tableNames(platform, LOG)
  const fields = Object.keys(platform.compiled.entities[LOG]?.fields ?? {})
  return JSON.stringify({ table, ...Object.fromEntries(fields.map((field) => [field, column(field)])) })
}

function keepOnly(platform: Platform): readonly Trigger[] {
  const { table } = tableNames(platform, LOG)
  const kinds = [
    ['backsaas_append_only', 'insert or update or delete', 'row'],
    ['backsaas_no_truncate', 'truncate', 'statement'],
  ] as const
  return kinds.map(([name, events, each]) => ({
    key: keyOf(table, name, []),
    statement: `create or replace trigger ${name} before ${events} on ${table} for each ${each} execute function backsaas.append_only()`,
  }))
}

/** Those that fire, by what their keys are made of. */
const TRIGGERS = `
  select format('%I.%I', n.nspname, c.relname), t.tgname::text, encode(t.tgargs, 'hex')
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid join pg_namespace f on f.oid = p.pronamespace
  where f.nspname = '${CONTROL_SCHEMA}' and p.proname in ('note_act', 'append_only') and t.tgenabled = 'O'`

async function readTriggers(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await query(connection, TRIGGERS)
  return new Set(
    rows.map(([table, name, args]) => {
      const parts = Buffer.from(String(args), 'hex').toString('utf8').split('\0').slice(0, -1)
      return keyOf(String(table), String(name), parts)
    }),
  )
}

function keyOf(table: string, name: string, args: readonly string[]): string {
  return [table.replaceAll('"', ''), name, ...args].join('\n')
}

/** The names that `tableNames` gives are quoted; a trigger's argument is not. */
function unquoted(name: string): string {
  return name.slice(1, -1).replaceAll('""', '"')
}
