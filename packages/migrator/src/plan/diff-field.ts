/** What changed in one field, and whether clients of the version before can live with it. */
import type { CompiledField, Expression, FieldEvolution } from '@backsaas/core'
import { physicalType } from '@backsaas/core'
import { breaking, type Change, compatible, type Place, same } from './change.ts'
import { hasColumn } from './column.ts'
import { type ConstraintChange, constraintChange } from './constraint-change.ts'
import { fieldContent } from './content.ts'
import type { EntityMatch } from './identity.ts'

/** How the column of a field comes to its next version. */
export interface FieldChange {
  /** `keep`: the same column. `convert`: another column, kept in step. `recompute`: another column of a stored computed field. */
  readonly column: 'none' | 'keep' | 'convert' | 'recompute' | 'unsupported'
  readonly constraint: ConstraintChange
  readonly required: 'same' | 'set' | 'unset'
  /** The hints that say something new. */
  readonly hints: FieldEvolution
}

/** The way of a field whose two versions are known. */
export function fieldChange(before: CompiledField, after: CompiledField, match: EntityMatch): FieldChange {
  const hints = activeHints(before, after)
  const required = before.required === after.required ? 'same' : after.required ? 'set' : 'unset'
  const way = { constraint: 'same', required, hints } as const
  if (!hasColumn(before) && !hasColumn(after)) return { ...way, column: 'none' }
  if (before.computed || after.computed) {
    const stored = before.computed?.stored && after.computed?.stored
    if (!stored) return { ...way, column: 'unsupported' }
    const kept = sameShape(before, after) && sameComputed(before, after, match)
    return { ...way, column: kept ? 'keep' : 'recompute' }
  }
  if (isIdentity(before) !== isIdentity(after)) return { ...way, column: 'unsupported' }
  const constraint = constraintChange(before, after)
  const asked = hints.convert !== undefined || hints.map !== undefined
  const removesValues = before.type === 'enum' && after.type === 'enum' && !includesAll(after.values, before.values)
  const isStrict = before.strict === true && after.values !== undefined && !includesAll(before.values, after.values)
  const unsets = required === 'unset'
  if (asked || removesValues || isStrict || unsets || !sameShape(before, after))
    return { ...way, column: 'convert', constraint }
  return { ...way, column: 'keep', constraint }
}

/** A hint that the version before had too has been followed already. */
export function activeHints(before: CompiledField, after: CompiledField): FieldEvolution {
  const old: Readonly<Record<string, unknown>> = { ...before.evolution }
  const entries = Object.entries({ ...after.evolution }).filter(([name, hint]) => !same(old[name], hint))
  // The entries are those of a `FieldEvolution`, some left out.
  return Object.fromEntries(entries) as FieldEvolution
}

function sameShape(before: CompiledField, after: CompiledField): boolean {
  return physicalType(before.type, before.list) === physicalType(after.type, after.list)
}

function includesAll(all: readonly string[] = [], some: readonly string[] = []): boolean {
  return some.every((value) => all.includes(value))
}

/** The same expression, where fields that it reads may have been renamed. */
function sameComputed(before: CompiledField, after: CompiledField, match: EntityMatch): boolean {
  if (!before.computed || !after.computed) return false
  return same(before.computed.expression.tree, renamed(after.computed.expression.tree, match.origins))
}

function renamed(tree: Expression, origins: ReadonlyMap<string, string>): unknown {
  // Of a stored computed field, whose expression names fields of its own row alone.
  return JSON.parse(
    JSON.stringify(tree, (_, value: unknown) =>
      isField(value) ? { ...value, field: origins.get(value.field) ?? `no longer ${value.field}` } : value,
    ),
  )
}

function isField(value: unknown): value is { readonly node: 'field'; readonly field: string } {
  return typeof value === 'object' && value !== null && 'node' in value && value.node === 'field'
}

export function isIdentity({ default: given }: CompiledField): boolean {
  return given !== undefined && 'from' in given && given.from === 'identity'
}

/** Read by the runtime alone: the database's default only serves writers that do not know the field. */
const RUNTIME_ONLY: readonly string[] = ['description', 'default', 'format', 'pattern', 'touched', 'writable']

/** Every difference of a field that is there in both versions. */
export function diffField(before: CompiledField, after: CompiledField, match: EntityMatch, at: Place): Change[] {
  const changes: Change[] = []
  if (before.name !== after.name) {
    changes.push(compatible(at, 'RENAME_FIELD', `${before.name} is called ${after.name} now`))
  }
  const way = fieldChange(before, after, match)
  if (way.column === 'convert' && (way.hints.convert || way.hints.map) && sameButHints(before, after)) {
    changes.push(breaking(at, 'CONVERT_FIELD', `the values of ${after.name} are converted`))
  }
  const [old, now] = [fieldContent(before), fieldContent(after)]
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (name === 'name' || same(old[name], now[name])) continue
    const change = diffOption(name, before, after, way, { ...at, pointer: `${at.pointer}/${name}` })
    if (change) changes.push(change)
  }
  return changes
}

function sameButHints(before: CompiledField, after: CompiledField): boolean {
  return same({ ...fieldContent(before), name: '' }, { ...fieldContent(after), name: '' })
}

function diffOption(
  name: string,
  before: CompiledField,
  after: CompiledField,
  way: FieldChange,
  at: Place,
): Change | null {
  const differs = `${name} of ${after.name} differs`
  if (name === 'default' && (isIdentity(before) || isIdentity(after))) return breaking(at, 'CHANGE_FIELD', differs)
  if (name === 'strict') {
    if (after.strict) return compatible(at, 'CHANGE_FIELD_NOTE', `${after.name} is strict now`)
    return breaking(at, 'UNSET_STRICT', `${after.name} is not strict any more, and older clients rely on it`)
  }
  if (RUNTIME_ONLY.includes(name)) return compatible(at, 'CHANGE_FIELD_NOTE', differs)
  if (name === 'computed') {
    if (way.column === 'keep') return null
    return way.column === 'none' ? compatible(at, 'CHANGE_FIELD_NOTE', differs) : breaking(at, 'CHANGE_FIELD', differs)
  }
  if (name === 'required') {
    return after.required
      ? breaking(at, 'SET_REQUIRED', `${after.name} is required now`)
      : breaking(at, 'UNSET_REQUIRED', `${after.name} may be nothing now, which older clients do not expect`)
  }
  if (way.column === 'keep' && name !== 'type') {
    if (way.constraint === 'wider') return compatible(at, 'WIDEN_FIELD', `${differs}: it admits more than it did`)
    if (way.constraint === 'same') return compatible(at, 'CHANGE_FIELD_NOTE', differs)
    return breaking(at, 'NARROW_FIELD', `${differs}: it admits less than it did`)
  }
  if (name === 'values' && before.type === 'enum' && after.type === 'enum') {
    if (!includesAll(after.values, before.values)) return breaking(at, 'REMOVE_VALUES', `${after.name} has lost values`)
    return breaking(at, 'ADD_VALUES', `${after.name} has values that older clients, to whom it is strict, must not see`)
  }
  if (name === 'type' && way.column === 'keep' && way.constraint === 'same') {
    return compatible(at, 'CHANGE_FIELD_NOTE', differs)
  }
  return breaking(at, 'CHANGE_FIELD', differs)
}
