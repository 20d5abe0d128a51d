/**
 * The trigger that keeps the columns of several versions in step, one function for each table.
 *
 * What has changed decides, and not who changed it: a client, a cascade, somebody in psql. The writer's version
 * (`backsaas.version`, set by `enter`) only breaks a tie. Compared are images (`record_image_ne`): 1.0 and 1.00 differ, and JSON has no other way.
 */

import { COMPUTED_TRIGGER, SEARCH_PATH, settingText, TEXT_FORMS } from './computed.ts'
import type { Conversion } from './conversion.ts'
import { identifier, literal, qualified } from './quote.ts'
import type { Roles } from './row-security.ts'

/** Before `backsaas_computed` in the alphabet, which is the order that Postgres fires them in. */
export const SYNC_TRIGGERS = { insert: 'backsaas_a_sync_insert', update: 'backsaas_a_sync_update' } as const

/** A column and what it is made of. */
export interface Assignment {
  readonly column: string
  readonly value: Conversion
}

/** Columns of two versions that say the same thing. */
export interface Link {
  /** Of the old versions alone. */
  readonly old: readonly string[]
  /** Of the new version alone. */
  readonly new: readonly string[]
  readonly ups: readonly Assignment[]
  readonly downs: readonly Assignment[]
}

/** All that a table's trigger does. */
export interface Sync {
  readonly links: readonly Link[]
  /** Set where they are null. */
  readonly fills: readonly Assignment[]
}

/** What one migration keeps in step. */
export interface VersionSync extends Sync {
  /** The first version of the new side. */
  readonly version: number
}

export interface SyncContext {
  readonly pgSchema: string
  /** Physical. */
  readonly table: string
  readonly functionName: string
  readonly placementId: string
  readonly roles: Roles
  /** The login that runs backfills, and is the only one that may pass the trigger by. */
  readonly migrator: string
}

/** Whether there is anything to do. */
export function needsSync({ links, fills }: Sync): boolean {
  return fills.length > 0 || links.some(({ ups, downs }) => ups.length + downs.length > 0)
}

/**
 * The statements that make function and triggers; to be run in the transaction that adds the columns.
 *
 * @param syncs one for each migration that is not over, oldest first: what a later one makes, it makes of what the earlier ones have made.
 */
export function createSync(syncs: readonly VersionSync[], context: SyncContext): string[] {
  const { pgSchema, table, roles } = context
  const name = `${qualified(pgSchema, context.functionName)}()`
  const settings = Object.entries(settingsOf(syncs)).map(([setting, value]) => `set ${setting} = ${settingText(value)}`)
  const on = `on ${qualified(pgSchema, table)} for each row`
  const { skipped, concerned } = conditions(syncs, context)
  return [
    `create function ${name} returns trigger language plpgsql ${settings.join(' ')} as ${literal(functionBody(syncs, context))}`,
    `alter function ${name} owner to ${identifier(roles.owner)}`,
    `revoke all on function ${name} from public`,
    `create trigger ${SYNC_TRIGGERS.insert} before insert ${on} when (not (${skipped})) execute function ${name}`,
    `create trigger ${SYNC_TRIGGERS.update} before update ${on} when (not (${skipped}) and (${concerned})) execute function ${name}`,
  ]
}

/** The statements that take it away; to be run in the transaction that drops the columns. */
export function dropSync({
  pgSchema,
  table,
  functionName,
}: Pick<SyncContext, 'pgSchema' | 'table' | 'functionName'>): string[] {
  const on = qualified(pgSchema, table)
  return [
    `drop trigger if exists ${SYNC_TRIGGERS.insert} on ${on}`,
    `drop trigger if exists ${SYNC_TRIGGERS.update} on ${on}`,
    `drop function if exists ${qualified(pgSchema, functionName)}()`,
  ]
}

function settingsOf(syncs: readonly Sync[]): Readonly<Record<string, string>> {
  const all = syncs.flatMap(({ links, fills }) => [...links.flatMap(({ ups, downs }) => [...ups, ...downs]), ...fills])
  return all.some(({ value }) => value.makesText) ? { ...SEARCH_PATH, ...TEXT_FORMS } : SEARCH_PATH
}

/** Who passes it by, and which updates need it at all. */
function conditions(syncs: readonly Sync[], { migrator }: SyncContext): { skipped: string; concerned: string } {
  const links = syncs.flatMap((sync) => sync.links)
  const watched = [...new Set(links.flatMap((link) => [...link.old, ...link.new, ...sharedOf(link)]))]
  const changed = watched.length === 0 ? [] : [differs('new', 'old', watched)]
  const empty = syncs.flatMap((sync) => sync.fills).map(({ column }) => `new.${identifier(column)} is null`)
  return {
    skipped: `current_user = ${literal(migrator)} and coalesce(current_setting('backsaas.backfill', true), '') = 'on'`,
    concerned: [...changed, ...empty].join(' or '),
  }
}

/** Columns of both versions that a link reads. */
function sharedOf({ old, new: fresh, ups, downs }: Link): string[] {
  const own = new Set([...old, ...fresh])
  return [...new Set([...ups, ...downs].flatMap(({ value }) => value.reads))].filter((column) => !own.has(column))
}

/** All that it looks at and sets: what a later version may not change while it is there. */
export function columnsOf({ links, fills }: Sync): ReadonlySet<string> {
  const made = [...links.flatMap(({ ups, downs }) => [...ups, ...downs]), ...fills]
  return new Set([
    ...links.flatMap((link) => [...link.old, ...link.new]),
    ...made.flatMap(({ column, value }) => [column, ...value.reads]),
  ])
}

function functionBody(syncs: readonly VersionSync[], { placementId }: SyncContext): string {
  const lines = [
    'declare',
    `  at text := current_setting('backsaas.version', true);`,
    '  writer int;',
    '  old_side boolean;',
    '  new_side boolean;',
    '  shared boolean;',
    'begin',
    `  if split_part(at, ':', 1) = ${literal(placementId)} then writer := split_part(at, ':', 2)::int; end if;`,
    ...syncs.flatMap(({ links, fills, version }) => [
      ...links.flatMap((link) => linkLines(link, version)),
      ...fills.flatMap((fill) => [`  if new.${identifier(fill.column)} is null then`, assign(fill, 4), '  end if;']),
    ]),
    '  return new;',
    'end',
  ]
  return `\n${lines.join('\n')}\n`
}

function linkLines(link: Link, version: number): string[] {
  const { old, new: fresh, ups, downs } = link
  const shared = sharedOf(link)
  return [
    `  if tg_op = 'INSERT' then`,
    // A column that one version alone has may have a default, which says nothing of who writes.
    `    old_side := coalesce(writer < ${version}, ${given(old)});`,
    `    new_side := coalesce(writer >= ${version}, ${given(fresh)});`,
    '    shared := not old_side and not new_side;',
    '  else',
    `    old_side := ${old.length === 0 ? 'false' : differs('new', 'old', old)};`,
    `    new_side := ${fresh.length === 0 ? 'false' : differs('new', 'old', fresh)};`,
    `    shared := not old_side and not new_side and ${shared.length === 0 ? 'false' : differs('new', 'old', shared)};`,
    '  end if;',
    '  if old_side and new_side then',
    `    if ${consistent(link)} then`,
    '      old_side := false;',
    '      new_side := false;',
    '    elsif writer is null then',
    `      raise exception 'columns of two versions are written at once and do not agree' using errcode = 'BS009';`,
    '    else',
    `      old_side := writer < ${version};`,
    '      new_side := not old_side;',
    '    end if;',
    '  elsif shared then',
    `    old_side := coalesce(writer < ${version}, ${ups.length > 0});`,
    '    new_side := not old_side;',
    '  end if;',
    '  if old_side then',
    ...orNothing(ups),
    '  elsif new_side then',
    ...orNothing(downs),
    '  end if;',
  ]
}

function orNothing(assignments: readonly Assignment[]): string[] {
  return assignments.length === 0 ? ['    null;'] : assignments.map((assignment) => assign(assignment, 4))
}

function assign({ column, value }: Assignment, indent: number): string {
  return `${' '.repeat(indent)}new.${identifier(column)} := ${value.sql('new')};`
}

export function given(columns: readonly string[]): string {
  return columns.length === 0 ? 'false' : columns.map((column) => `new.${identifier(column)} is not null`).join(' or ')
}

/** Whether one side is what the other comes to. */
function consistent({ ups, downs }: Link): string {
  const sides = [ups, downs].filter((side) => side.length > 0)
  const equal = sides.map((side) => {
    const found = side.map(({ column }) => `new.${identifier(column)}`).join(', ')
    const wanted = side.map(({ value }) => value.sql('new')).join(', ')
    return `not record_image_ne(row(${found}), row(${wanted}))`
  })
  return equal.length === 0 ? 'true' : equal.join(' or ')
}

export function differs(a: string, b: string, columns: readonly string[]): string {
  const row = (name: string): string => columns.map((column) => `${name}.${identifier(column)}`).join(', ')
  return `record_image_ne(row(${row(a)}), row(${row(b)}))`
}

/** What the trigger's name has to come before. */
export const FIRES_BEFORE: string = COMPUTED_TRIGGER
