/** Tables that stand, held to what they would be made as today: row security, the runtime's rights, computed fields. */
import type { CompiledEntity, Connection, Database, EntityMapping, Result } from '@backsaas/core'
import { EXCLUSIVE, migratorTransaction, query, runDdl } from '../execute/migrator-transaction.ts'
import { takenNames } from '../execute/read-store.ts'
import { COMPUTED_TRIGGER, type ComputedFunction, computedFunction, type Kept, keepComputed } from '../plan/computed.ts'
import { createNames, type NameGiver } from '../plan/names.ts'
import { qualified } from '../plan/quote.ts'
import {
  createPolicy,
  forceRowSecurity,
  grantRows,
  type Policy,
  type Roles,
  tablePolicies,
} from '../plan/row-security.ts'
import { readCompiled, readMapping } from '../registry/platform.ts'
import { readRoles } from './read-roles.ts'

/** Repairs what differs; where nothing does, no table is locked and nothing is written. */
export async function repairTables(database: Database, report: (line: string) => void): Promise<void> {
  await repairRowSecurity(database)
  for (const notice of await repairComputed(database)) report(notice)
}

/** Each table in a transaction of its own, which locks no other. */
async function repairRowSecurity(database: Database): Promise<void> {
  const repairs = await migratorTransaction(database, async (connection) =>
    readRowSecurity(connection, await readRoles(connection)),
  )
  for (const statements of repairs) {
    await migratorTransaction(database, (connection) => runDdl(connection, statements))
  }
}

/** Nobody publishes meanwhile: what is found belongs to the version that is found. */
function repairComputed(database: Database): Promise<string[]> {
  return migratorTransaction(database, async (connection) => {
    await connection.batch([EXCLUSIVE])
    const repairs = await readComputed(connection, await readRoles(connection))
    await runDdl(
      connection,
      repairs.flatMap(({ statements }) => statements),
    )
    return repairs.map(({ notice }) => notice)
  })
}

const TABLES = `
  select n.nspname::text, c.relname::text, (c.relrowsecurity and c.relforcerowsecurity)::text,
    (select bool_and(has_table_privilege($1::name, c.oid, p)) from unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p)::text,
    coalesce((
      select json_agg(array[p.policyname::text, lower(p.permissive), p.cmd, array_to_string(p.roles, ','), p.qual, p.with_check])
      from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname), '[]')::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relowner = $2::text::regrole
    and n.nspname in (select pg_schema from backsaas.placements)
  order by 1, 2`

/** Policies of other names are left alone: no permissive one can lift a restrictive one. */
async function readRowSecurity(connection: Connection, roles: Roles): Promise<string[][]> {
  const wanted = tablePolicies(roles)
  const rows = await query(connection, TABLES, [roles.runtime, `"${roles.owner.replaceAll('"', '""')}"`])
  return rows.flatMap(([schema, name, forced, granted, answered]) => {
    const table = qualified(String(schema), String(name))
    // The query above makes the JSON.
    const found = JSON.parse(String(answered)) as (string | null)[][]
    const different = wanted.filter((policy) => !found.some((one) => one.join('\n') === answerOf(policy).join('\n')))
    const statements = [
      ...(forced === 'true' ? [] : forceRowSecurity(table)),
      ...different.flatMap((policy) => [
        `drop policy if exists ${policy.name} on ${table}`,
        createPolicy(table, policy),
      ]),
      ...(granted === 'true' ? [] : [grantRows(table, roles)]),
    ]
    return statements.length === 0 ? [] : [statements]
  })
}

function answerOf({ name, kind, boundTo, answered }: Policy): readonly string[] {
  return [name, kind, 'ALL', boundTo ?? 'public', answered, answered]
}

/** The live versions that may have stored computed fields, and those that are made live by a migration, oldest first. */
const VERSIONS = `
  select compiled, mapping from backsaas.versions
  where state in ('preparing', 'live') and compiled like '%"stored":true%' order by placement_id, version`

const FUNCTIONS = `
  select n.nspname::text, c.relname::text, p.proname::text, p.prosrc, array_to_string(p.proconfig, E'\\n'),
    (t.tgenabled = 'O')::text
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid
  where t.tgname = $1 and n.nspname in (select pg_schema from backsaas.placements)`

type Rows = Result['rows']

interface StandingFunction {
  readonly name: string
  readonly body: string
  readonly settings: string
  readonly fires: boolean
}

interface ComputedRepair {
  readonly statements: readonly string[]
  readonly notice: string
}

async function readComputed(connection: Connection, roles: Roles): Promise<ComputedRepair[]> {
  const versions = await query(connection, VERSIONS)
  if (versions.length === 0) return []
  const functions = new Map<string, StandingFunction>()
  for (const [schema, table, name, body, settings, fires] of await query(connection, FUNCTIONS, [COMPUTED_TRIGGER])) {
    const found = { name: String(name), body: String(body), settings: String(settings), fires: fires === 'true' }
    functions.set(qualified(String(schema), String(table)), found)
  }
  const repairs: ComputedRepair[] = []
  const givers = new Map<string, NameGiver>()
  for (const { pgSchema, kept } of keptTables(versions)) {
    const [wanted, last] = [computedFunction(kept), kept.at(-1)]
    if (!wanted || !last) continue
    const { table } = last.physical
    const found = functions.get(qualified(pgSchema, table))
    if (found && isAsWanted(found, wanted)) continue
    const names = givers.get(pgSchema) ?? createNames(await takenNames(connection, pgSchema))
    givers.set(pgSchema, names)
    const nameOf = (): string => found?.name ?? names(`${table}_computed`)
    repairs.push({
      statements: keepComputed(kept, pgSchema, roles, nameOf),
      notice: noticeOf(last.entity, last.physical),
    })
  }
  return repairs
}

/** The versions of each table. */
function keptTables(versions: Rows): { pgSchema: string; kept: Kept[] }[] {
  const tables = new Map<string, { pgSchema: string; kept: Kept[] }>()
  for (const [compiled, mappingText] of versions) {
    const mapping = readMapping(mappingText)
    for (const entity of Object.values(readCompiled(compiled).entities)) {
      const physical = mapping.entities[entity.name]
      if (!physical) continue
      const key = qualified(mapping.schema, physical.table)
      const known = tables.get(key) ?? { pgSchema: mapping.schema, kept: [] }
      known.kept.push({ entity, physical })
      tables.set(key, known)
    }
  }
  return [...tables.values()]
}

function isAsWanted(found: StandingFunction, { body, settings }: ComputedFunction): boolean {
  const wanted = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return found.fires && found.body === body && found.settings.split('\n').toSorted().join() === wanted.toSorted().join()
}

function noticeOf({ name }: CompiledEntity, { table }: EntityMapping): string {
  return (
    `What keeps the stored computed fields of ${name} (table ${table}) was missing or changed, and is repaired: ` +
    'rows that were written meanwhile have their values again when they are next written.'
  )
}
