/** What one table needs from one version to the next, before it is laid out in steps. */
import type { CompiledField, CompiledRelation, CompiledSchema, Mapping } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { columnDefinition, hasColumn } from './column.ts'
import type { PlanProblem } from './conversion.ts'
import { findConstraint } from './create-mapping.ts'
import { hasConstant, referenceContent, references, translated, translatedReference } from './diff.ts'
import { fieldChange } from './diff-field.ts'
import type { EntityMatch, Matches } from './identity.ts'
import { type IndexPlan, wantedIndexes } from './indexes.ts'
import { type Linked, ownColumns, type Pair, planLinks } from './plan-links.ts'
import { identifier } from './quote.ts'

export interface TablePlan extends Linked {
  readonly pair: Pair
  /** Physical. */
  readonly table: string
  /** `add column …`, for each. */
  readonly columns: readonly string[]
  /** Physical columns of the new version alone, and of the old ones. */
  readonly own: { readonly new: readonly string[]; readonly old: readonly string[] }
  /** Fields whose check is added, with their columns. */
  readonly checks: readonly string[]
  /** Fields whose check admits more: the old one goes at once. */
  readonly wider: readonly FieldCheck[]
  /** Fields whose check admits less: the new one comes when rows follow it, the old one stays until contract. */
  readonly narrower: readonly FieldCheck[]
  /** Fields that are to be NOT NULL once rows follow. */
  readonly required: readonly CompiledField[]
  /** Stored computed fields that are new or made otherwise. */
  readonly computed: readonly CompiledField[]
  readonly unique: readonly UniqueChange[]
  readonly indexes: readonly IndexPlan[]
  readonly references: readonly CompiledRelation[]
  /** Physical names of constraints that the new version does not have. */
  readonly droppedConstraints: readonly string[]
  /** What holds for newer clients too as long as older ones are served: unique sets that are gone, older bounds beside newer ones. */
  readonly relaxed: { readonly unique: readonly string[]; readonly bounds: readonly string[] }
  /** Physical columns of indexes that the new version does not have. */
  readonly droppedIndexes: readonly (readonly string[])[]
  /** Columns of the new version that get their default when no trigger makes them any more. */
  readonly defaults: readonly { readonly column: string; readonly clause: string }[]
}

export interface FieldCheck {
  readonly field: string
  /** The physical name of the check before, where there was one. */
  readonly before: string | undefined
}

export interface UniqueChange {
  readonly fields: readonly string[]
  readonly constraint: string
}

export interface Versions {
  readonly next: CompiledSchema
  readonly previous: CompiledSchema
  readonly mapping: Mapping
  /** Of the version before. */
  readonly old: Mapping
}

/** Those that anything happens to. @param problems takes what is missing or wrong in the document. */
export function planTables(versions: Versions, matches: Matches, problems: PlanProblem[]): TablePlan[] {
  return [...matches.entities.values()]
    .map((match) => planTable(pairOf(match, versions), matches, versions.mapping, problems))
    .filter(isTouched)
}

function pairOf(match: EntityMatch, { next, previous, mapping, old }: Versions): Pair {
  const [before, after] = [old.entities[match.before.name], mapping.entities[match.after.name]]
  invariant(before && after, `the mappings have ${match.before.name} and ${match.after.name}`)
  return {
    match,
    before: { schema: previous, entity: match.before, physical: before },
    after: { schema: next, entity: match.after, physical: after },
  }
}

function planTable(pair: Pair, matches: Matches, mapping: Mapping, problems: PlanProblem[]): TablePlan {
  const { match, before, after } = pair
  const linked = planLinks(pair, problems)
  const own = ownColumns(pair)
  const made = new Set(linked.filled.map(({ column }) => column))
  for (const field of linked.hooks.keys()) made.add(after.physical.columns[field] as string)
  const fields = Object.values(after.entity.fields).filter(hasColumn)
  const added = fields.filter(({ name }) => own.new.has(after.physical.columns[name] as string))
  const changed = fields.flatMap((field) => {
    const old = match.before.fields[match.origins.get(field.name) ?? '']
    return old && !own.new.has(after.physical.columns[field.name] as string)
      ? [{ field, way: fieldChange(old, field, match), old }]
      : []
  })
  const checksOf = (kinds: readonly string[]): FieldCheck[] =>
    changed
      .filter(({ way }) => kinds.includes(way.constraint))
      .map(({ field, old }) => ({
        field: field.name,
        before: findConstraint(before.physical, { kind: 'check', fields: [old.name] }),
      }))
  const bare = (field: CompiledField): CompiledField => {
    if (!made.has(after.physical.columns[field.name] as string)) return field
    const { default: _, ...rest } = field
    return { ...rest, required: false }
  }
  const fresh = added.map((field) => {
    const column = after.physical.columns[field.name] as string
    return `add column ${columnDefinition(bare(field), column)}`
  })
  return {
    ...linked,
    pair,
    table: after.physical.table,
    columns: fresh,
    own: { new: [...own.new], old: [...own.old] },
    checks: added.map(({ name }) => name),
    wider: checksOf(['wider']),
    narrower: checksOf(['narrower', 'mixed']),
    required: [
      ...added.filter((field) => field.required && made.has(after.physical.columns[field.name] as string)),
      ...changed.filter(({ way }) => way.required === 'set').map(({ field }) => field),
    ],
    computed: added.filter(({ computed }) => computed),
    unique: uniqueChanges(match, pair, own.new),
    indexes: newIndexes(pair),
    references: newReferences(match, matches, pair, own.new),
    droppedConstraints: droppedConstraints(pair, mapping),
    droppedIndexes: oldIndexes(pair),
    relaxed: {
      unique: match.before.unique
        .filter((set) => set.every((name) => !own.old.has(before.physical.columns[name] as string)))
        .map((set) => translated(set, match).join(', '))
        .filter((set) => !match.after.unique.some((other) => other.join(', ') === set)),
      bounds: changed.filter(({ way }) => way.constraint === 'mixed').map(({ field }) => field.name),
    },
    defaults: added
      .filter((field) => made.has(after.physical.columns[field.name] as string))
      .flatMap((field) => defaultOf(field, after.physical.columns[field.name] as string)),
  }
}

/** Whether anything happens to the table at all. */
function isTouched(plan: TablePlan): boolean {
  const lists = [plan.columns, plan.own.old, plan.wider, plan.narrower, plan.required, plan.computed, plan.unique]
  const more = [plan.indexes, plan.references, plan.droppedConstraints, plan.droppedIndexes]
  const sync = [plan.sync.links, plan.sync.fills, [...plan.hooks]]
  return [...lists, ...more, ...sync].some((list) => list.length > 0)
}

function uniqueChanges(match: EntityMatch, { after }: Pair, fresh: ReadonlySet<string>): UniqueChange[] {
  const old = match.before.unique.map((set) => translated(set, match).join())
  return match.after.unique
    .filter(
      (set) => !old.includes(set.join()) || set.some((field) => fresh.has(after.physical.columns[field] as string)),
    )
    .map((fields) => {
      const constraint = findConstraint(after.physical, { kind: 'unique', fields })
      invariant(constraint, `the mapping has the unique set ${fields.join(', ')}`)
      return { fields, constraint }
    })
}

function newIndexes({ before, after }: Pair): IndexPlan[] {
  const old = wantedIndexes(before.entity, before.physical).map(({ columns }) => columns.join())
  return wantedIndexes(after.entity, after.physical).filter(({ columns }) => !old.includes(columns.join()))
}

/** Those of columns that go are dropped with them. */
function oldIndexes({ before, after }: Pair): (readonly string[])[] {
  const now = wantedIndexes(after.entity, after.physical).map(({ columns }) => columns.join())
  const columns = new Set(Object.values(after.physical.columns))
  return wantedIndexes(before.entity, before.physical)
    .map((index) => index.columns)
    .filter((set) => !now.includes(set.join()) && set.every((column) => columns.has(column)))
}

function newReferences(
  match: EntityMatch,
  matches: Matches,
  { after }: Pair,
  fresh: ReadonlySet<string>,
): CompiledRelation[] {
  const old = references(match.before).map((one) => referenceContent(translatedReference(one, match, matches)))
  return references(match.after).filter(
    (one) =>
      !old.includes(referenceContent(one)) ||
      one.from.some((field) => fresh.has(after.physical.columns[field] as string)),
  )
}

/** Checks that were swapped are gone already, and those of columns that go, go with them. */
function droppedConstraints({ before, after }: Pair, mapping: Mapping): string[] {
  const kept = new Set(Object.keys(mapping.entities[after.entity.name]?.constraints ?? {}))
  return Object.keys(before.physical.constraints).filter((name) => !kept.has(name))
}

function defaultOf(field: CompiledField, column: string): { column: string; clause: string }[] {
  if (!hasConstant(field)) return []
  const definition = columnDefinition({ ...field, required: false }, column)
  const at = definition.indexOf(' default ')
  return at < 0 ? [] : [{ column: identifier(column), clause: definition.slice(at + 1) }]
}
