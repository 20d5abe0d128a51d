/** How the columns of one table in two versions are made of each other: the links and fills of its trigger. */
import type { CompiledField } from '@backsaas/core'
import {
  type Conversion,
  coalesced,
  compileConversion,
  constantConversion,
  mappedConversion,
  type PlanProblem,
  type Side,
  Unplannable,
  usualConversion,
} from './conversion.ts'
import { hasConstant } from './diff.ts'
import { type FieldChange, fieldChange } from './diff-field.ts'
import type { EntityMatch } from './identity.ts'
import type { Assignment, Link, Sync } from './sync-trigger.ts'

/** Both versions of one entity. */
export interface Pair {
  readonly match: EntityMatch
  readonly before: Side
  readonly after: Side
}

export interface Linked {
  readonly sync: Sync
  /** Columns that a backfill gives values, and what they are made of, by column. */
  readonly filled: readonly Assignment[]
  /** By field of the later version: the hook that converts it. */
  readonly hooks: ReadonlyMap<string, string>
}

/** @param problems takes what is missing or wrong in the document. */
export function planLinks(pair: Pair, problems: PlanProblem[]): Linked {
  const ups: Assignment[] = []
  const downs: Assignment[] = []
  const fills: Assignment[] = []
  const hooks = new Map<string, string>()
  const attempt = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Unplannable)) throw error
      problems.push(error.problem)
    }
  }
  for (const field of Object.values(pair.match.after.fields)) {
    if (field.computed) continue
    attempt(() => linkField(field, pair, { ups, downs, fills, hooks }))
  }
  for (const name of pair.match.removed) attempt(() => linkRemoved(name, pair, downs))
  const links = groupLinks(pair, ups, downs)
  return { sync: { links, fills }, filled: [...ups, ...fills], hooks }
}

interface Parts {
  readonly ups: Assignment[]
  readonly downs: Assignment[]
  readonly fills: Assignment[]
  readonly hooks: Map<string, string>
}

function linkField(field: CompiledField, pair: Pair, parts: Parts): void {
  const { match, before, after } = pair
  const column = after.physical.columns[field.name] as string
  const old = match.before.fields[match.origins.get(field.name) ?? '']
  if (!old) {
    linkNew(field, column, pair, parts)
    return
  }
  const way = fieldChange(old, field, match)
  if (way.column === 'convert') linkConverted(old, field, way, pair, parts)
  else if (way.required === 'set') {
    const fill = fillOf(field, way.hints.fill, before, pair, '/fill')
    if (fill) parts.fills.push({ column, value: fill })
  }
}

/** A field that was not there: filled once where it is empty, or kept in step with what it is made of. */
function linkNew(field: CompiledField, column: string, pair: Pair, { ups, fills, hooks }: Parts): void {
  const { convert, fill } = field.evolution ?? {}
  const at = pointerOf(pair, field)
  if (convert?.hook) {
    hooks.set(field.name, convert.hook)
    const value = fillOf(field, fill, pair.before, pair, '/fill')
    if (value) fills.push({ column, value })
    else if (field.required) throw needsFill(field, at)
  } else if (convert?.up) {
    ups.push({ column, value: compileConversion(convert.up, pair.before, field, 'conversion', `${at}/convert/up`) })
  } else if (fill) {
    const value = fillOf(field, fill, pair.before, pair, '/fill')
    if (value) fills.push({ column, value })
  } else if (field.required && !hasConstant(field)) {
    throw needsFill(field, at)
  }
}

function needsFill({ name }: CompiledField, pointer: string): Unplannable {
  return new Unplannable({
    pointer,
    code: 'FILL_NEEDED',
    message: `the rows there are have nothing for ${name}`,
    hint: 'say what they get: `default: …`, `fill: …`, `fill: { cel: "…" }`, or make it optional',
  })
}

function linkConverted(
  old: CompiledField,
  field: CompiledField,
  { hints }: FieldChange,
  pair: Pair,
  { ups, downs, fills, hooks }: Parts,
): void {
  const { before, after } = pair
  const at = pointerOf(pair, field)
  if (hints.convert?.hook) {
    hooks.set(field.name, hints.convert.hook)
    const value = field.required ? fillOf(field, hints.fill, before, pair, '/fill') : null
    if (value) fills.push({ column: after.physical.columns[field.name] as string, value })
    return
  }
  const [from, to] = [before.physical.columns[old.name] as string, after.physical.columns[field.name] as string]
  const up = hints.convert?.up
    ? compileConversion(hints.convert.up, before, field, 'conversion', `${at}/convert/up`)
    : (mappedUp(old, field, hints.map, from, at) ?? usualConversion(old, before, field))
  const down = hints.convert?.down
    ? compileConversion(hints.convert.down, after, old, 'conversion', `${at}/convert/down`)
    : (mappedDown(old, field, from, to, at) ?? usualConversion(field, after, old))
  if (!up || !down) {
    const [word, reading, name] = up ? ['down', 'this version', field.name] : ['up', 'the version before', old.name]
    throw new Unplannable({
      pointer: at,
      code: 'CONVERSION_NEEDED',
      message: `there is no usual way from ${old.type} to ${field.type} and back`,
      hint: `say it in CEL over the fields of ${reading}: \`convert: { ${word}: "… ${name} …" }\``,
    })
  }
  const fill = field.required ? fillOf(field, hints.fill, before, pair, '/fill') : null
  ups.push({ column: to, value: fill ? coalesced(up, fill) : up })
  downs.push({ column: from, value: requiredDown(old, field, down, hints.fill, pair) })
}

/** What older clients see in rows that have nothing, where their version says that there is always something. */
function requiredDown(
  old: CompiledField,
  field: CompiledField,
  down: Conversion,
  fill: FieldChange['hints']['fill'],
  pair: Pair,
): Conversion {
  if (!old.required || field.required) return down
  const given = fill ?? literalDefault(old) ?? literalDefault(field)
  const value = given && fillOf(old, given, pair.after, pair, '/fill')
  if (value) return coalesced(down, value)
  throw new Unplannable({
    pointer: pointerOf(pair, field),
    code: 'FILL_NEEDED',
    message: `${field.name} may be nothing now, and older clients have to see something`,
    hint: 'say what: `fill: …` or `fill: { cel: "…" }`',
  })
}

function literalDefault({ default: given }: CompiledField): FieldChange['hints']['fill'] | undefined {
  return given && 'literal' in given && given.literal !== null ? { literal: given.literal } : undefined
}

function fillOf(
  target: CompiledField,
  fill: FieldChange['hints']['fill'] | undefined,
  side: Side,
  pair: Pair,
  place: string,
): Conversion | null {
  const given = fill ?? literalDefault(target)
  if (!given) return null
  if ('literal' in given) return constantConversion(given.literal, target)
  const pointer = `${pointerOf(pair, target)}${place}/cel`
  return compileConversion(given.cel, side, target, 'fill', pointer)
}

/** Values of an enum that are gone need a place to go. */
function mappedUp(
  old: CompiledField,
  field: CompiledField,
  map: Readonly<Record<string, string | null>> | undefined,
  from: string,
  pointer: string,
): Conversion | null {
  if (old.list || field.list || old.values === undefined || field.values === undefined) return null
  const missing = old.values.filter((value) => !field.values?.includes(value) && !Object.hasOwn(map ?? {}, value))
  if (missing.length > 0) {
    throw new Unplannable({
      pointer,
      code: 'MAP_NEEDED',
      message: `values are gone, and rows may have them: ${missing.join(', ')}`,
      hint: `say what becomes of them: \`map: { ${missing.map((value) => `${value}: …`).join(', ')} }\`, with another value or null`,
    })
  }
  const given = Object.entries(map ?? {}).filter(([value]) => old.values?.includes(value))
  return mappedConversion(from, Object.fromEntries(given))
}

/** An older client keeps its values; new ones it does not know cannot be shown to it. */
function mappedDown(
  old: CompiledField,
  field: CompiledField,
  _from: string,
  to: string,
  pointer: string,
): Conversion | null {
  if (old.list || field.list || old.values === undefined || field.values === undefined) return null
  const added = field.values.filter((value) => !old.values?.includes(value))
  if (added.length > 0 && old.required) {
    throw new Unplannable({
      pointer,
      code: 'CONVERSION_NEEDED',
      message: `values are new that older clients do not know: ${added.join(', ')}`,
      hint: 'say what they see instead: `convert: { down: "…" }`',
    })
  }
  return mappedConversion(to, Object.fromEntries(added.map((value) => [value, null])))
}

/** What clients of the version before see in rows of newer ones, of a field that is gone. */
function linkRemoved(name: string, pair: Pair, downs: Assignment[]): void {
  const { match, before, after } = pair
  const old = match.before.fields[name]
  const column = before.physical.columns[name]
  if (!old || column === undefined || old.computed) return
  const pointer = `/entities/${match.after.name}/removed/${name}`
  const down = match.after.evolution?.removed?.[name]?.down
  if (down !== undefined) {
    downs.push({ column, value: compileConversion(down, after, old, 'conversion', `${pointer}/down`) })
  } else if (old.required && !hasConstant(old)) {
    throw new Unplannable({
      pointer,
      code: 'DOWN_NEEDED',
      message: `${name} is required, and rows of newer clients have nothing for it`,
      hint: `say what older clients see: \`removed: { ${name}: { down: "…" } }\``,
    })
  }
}

/** Columns that are made of each other belong together. */
function groupLinks(pair: Pair, ups: readonly Assignment[], downs: readonly Assignment[]): Link[] {
  const own = ownColumns(pair)
  const parent = new Map<string, string>()
  const find = (column: string): string => {
    const up = parent.get(column) ?? column
    return up === column ? column : find(up)
  }
  const join = (a: string, b: string): void => {
    parent.set(find(a), find(b))
  }
  for (const { column, value } of ups) for (const read of value.reads) if (own.old.has(read)) join(column, read)
  for (const { column, value } of downs) for (const read of value.reads) if (own.new.has(read)) join(column, read)
  const roots = Map.groupBy([...ups, ...downs], ({ column }) => find(column))
  return [...roots.keys()].map((root) => {
    const members = (columns: ReadonlySet<string>): string[] => [...columns].filter((column) => find(column) === root)
    return {
      old: members(own.old),
      new: members(own.new),
      ups: ups.filter(({ column }) => find(column) === root),
      downs: downs.filter(({ column }) => find(column) === root),
    }
  })
}

/** The columns that one version alone has. */
export function ownColumns({ before, after }: Pair): { old: ReadonlySet<string>; new: ReadonlySet<string> } {
  const [old, now] = [Object.values(before.physical.columns), Object.values(after.physical.columns)]
  return {
    old: new Set(old.filter((column) => !now.includes(column))),
    new: new Set(now.filter((column) => !old.includes(column))),
  }
}

function pointerOf({ match }: Pair, { name }: CompiledField): string {
  return `/entities/${match.after.name}/fields/${name}`
}
