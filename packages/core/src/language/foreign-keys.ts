/** Collects the foreign keys of a schema: fields with `to`, and the `references` of entities. */
import { physicalType } from '../contracts/field-type.ts'
import { reportUnknownField } from './check-sets.ts'
import type { OnDelete } from './document.ts'
import { type Draft, type EntityDraft, type FieldDraft, isComputed, optionPath } from './draft.ts'
import { checkName } from './names.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'

export interface ForeignKey {
  readonly entity: EntityDraft
  readonly fields: readonly string[]
  readonly target: EntityDraft
  /** `<entity>_<fields>_fkey`, unique within the entity. */
  readonly name: string
  readonly onDelete: OnDelete
  /** The relation's name, if the author gave one. */
  readonly as?: string
  /** Where it is declared. */
  readonly path: Path
}

type Found = Omit<ForeignKey, 'name'>

/** Every foreign key that leads somewhere; the others are reported. Needs `resolveFields` to have run. */
export function collectForeignKeys(draft: Draft): readonly ForeignKey[] {
  return [...draft.entities.values()].flatMap((entity) => {
    const single = [...entity.declared.values()].flatMap((field) => singleKey(draft, entity, field) ?? [])
    const found = [...single, ...compositeKeys(draft, entity)]
    for (const key of found) checkForeignKey(draft, key)
    return nameKeys(draft, found)
  })
}

/** What is wrong with the target itself is reported by `resolveFields`. */
function singleKey(draft: Draft, entity: EntityDraft, field: FieldDraft): Found | undefined {
  const { to, as, on_delete: onDelete = 'restrict' } = field.document
  const target = to === undefined || isComputed(field) ? undefined : draft.entities.get(to)
  if (as !== undefined) checkName('relation', as, { path: optionPath(field, 'as'), at: 'value' }, draft.problems)
  if (target?.key.length !== 1 || !entity.fields.has(field.name)) return undefined
  return { entity, fields: [field.name], target, onDelete, ...(as !== undefined && { as }), path: field.path }
}

function compositeKeys(draft: Draft, entity: EntityDraft): readonly Found[] {
  return (entity.document.references ?? []).flatMap(({ fields, to, as, on_delete: onDelete = 'restrict' }, index) => {
    const path = [...entity.path, 'references', index]
    const target = draft.entities.get(to)
    if (as !== undefined) checkName('relation', as, { path: [...path, 'as'], at: 'value' }, draft.problems)
    if (!target) {
      const hint = (): string | undefined => didYouMean(to, draft.entities.keys())
      const message = `there is no entity \`${to}\``
      draft.problems.report({ path: [...path, 'to'], code: 'UNKNOWN_ENTITY', message, hint })
      return []
    }
    return checkPairs(draft, entity, target, fields, path)
      ? [{ entity, fields, target, onDelete, ...(as !== undefined && { as }), path }]
      : []
  })
}

/** Whether the fields can hold the target's key, pairwise. */
function checkPairs(
  draft: Draft,
  entity: EntityDraft,
  target: EntityDraft,
  fields: readonly string[],
  path: Path,
): boolean {
  if (fields.length !== target.key.length || new Set(fields).size !== fields.length) {
    const message = `\`fields\` must name one field for each key field of \`${target.name}\`: ${target.key.join(', ')}`
    draft.problems.report({ path: [...path, 'fields'], code: 'REFERENCE_MISMATCH', message })
    return false
  }
  return fields.every((name, index) => {
    const place = [...path, 'fields', index]
    reportUnknownField(entity, name, place, draft.problems)
    if (isComputed(entity.declared.get(name))) {
      const message = `\`${name}\` is computed, and only given values can refer`
      draft.problems.report({ path: place, code: 'NOT_APPLICABLE', message })
    }
    const field = entity.fields.get(name)
    const key = target.fields.get(target.key[index] as string)
    if (!field || !key) return false
    if (physicalType(field.type, field.list) === physicalType(key.type, key.list)) return true
    const message = `\`${name}\` is ${field.list ? 'a list of ' : ''}${field.type}, the key field \`${key.name}\` is ${key.type}`
    draft.problems.report({ path: place, code: 'REFERENCE_MISMATCH', message })
    return false
  })
}

function checkForeignKey(draft: Draft, { entity, fields, onDelete, path }: Found): void {
  if (onDelete !== 'set_null') return
  const required = fields.find((name) => entity.fields.get(name)?.required)
  if (required === undefined) return
  const message = `\`on_delete: set_null\` cannot empty \`${required}\`, which is required`
  const hint = 'use restrict or cascade, or make the field optional'
  draft.problems.report({ path: [...path, 'on_delete'], code: 'CONTRADICTION', message, hint })
}

/** Names do not hang on the order of the document, so that the content hash does not either. */
function nameKeys(draft: Draft, found: readonly Found[]): readonly ForeignKey[] {
  const taken = new Set<string>()
  const same = new Set<string>()
  const sorted = found.toSorted((a, b) => (signature(a) < signature(b) ? -1 : 1))
  const names = new Map<Found, string>()
  for (const key of sorted) {
    if (same.has(signature(key))) {
      const message = `[${key.fields.join(', ')}] refers to \`${key.target.name}\` already`
      draft.problems.report({ path: key.path, code: 'DUPLICATE_REFERENCE', message, hint: 'remove one of them' })
    }
    same.add(signature(key))
    const base = `${key.entity.name}_${key.fields.join('_')}_fkey`
    let name = base
    for (let count = 2; taken.has(name); count++) name = `${base}_${count}`
    taken.add(name)
    names.set(key, name)
  }
  return found.map((key) => ({ ...key, name: names.get(key) as string }))
}

function signature({ fields, target }: Found): string {
  return `${fields.join()} ${target.name}`
}
