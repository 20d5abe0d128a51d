/** Gives every field its type, following references to the key they hold, and compiles it. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { FieldType } from '../contracts/field-type.ts'
import { boundOf } from './bounds.ts'
import { OPTIONAL_SYSTEM_FIELDS } from './document.ts'
import { type Draft, type EntityDraft, type FieldDraft, isComputed, optionPath } from './draft.ts'
import { fieldEvolution } from './evolution.ts'
import { isExpressionDefault, literalOf } from './literals.ts'
import { didYouMean } from './nearest-name.ts'
import { hasGeneratedKey } from './resolve-keys.ts'
import { generatedKey, SYSTEM_FIELDS } from './system-fields.ts'

interface ResolvedType {
  readonly type: FieldType
  readonly values?: readonly string[]
}

/** Fills `fields` of every entity: the generated key, the declared fields, the system fields. Needs the keys. */
export function resolveFields(draft: Draft): void {
  const known = new Map<FieldDraft, ResolvedType | null>()
  for (const entity of draft.entities.values()) {
    if (hasGeneratedKey(entity)) entity.fields.set(entity.key[0] as string, generatedKey(entity.key[0] as string))
    for (const field of entity.declared.values()) {
      // Its type is that of its expression, which may read any other field.
      if (isComputed(field)) continue
      checkTarget(draft, field)
      const resolved = resolveType(draft, field, known)
      if (resolved) entity.fields.set(field.name, compileField(entity, field, resolved))
    }
    addSystemFields(draft, entity)
  }
}

function addSystemFields(draft: Draft, entity: EntityDraft): void {
  const without = new Set(entity.document.without)
  for (const name of OPTIONAL_SYSTEM_FIELDS) {
    if (without.has(name)) continue
    const own = entity.declared.get(name)
    if (own) {
      const message = `\`${name}\` is a field that every entity has`
      const hint = `remove it, or say \`without: [${name}]\` to replace it`
      draft.problems.report({ path: own.path, at: 'key', code: 'SYSTEM_FIELD', message, hint })
    } else entity.fields.set(name, SYSTEM_FIELDS[name])
  }
}

/** Reports a `to` that no single field can follow. */
function checkTarget(draft: Draft, field: FieldDraft): void {
  const { to } = field.document
  const target = to === undefined ? undefined : draft.entities.get(to)
  if (to === undefined || target?.key.length === 1) return
  const path = optionPath(field, 'to')
  if (!target) {
    const message = `there is no entity \`${to}\``
    draft.problems.report({ path, code: 'UNKNOWN_ENTITY', message, hint: () => didYouMean(to, draft.entities.keys()) })
  } else if (target.key.length > 1) {
    const message = `the key of \`${to}\` has ${target.key.length} fields, one cannot refer to it`
    const hint = `declare the fields and say \`references: [{ fields: [${target.key.join(', ')}], to: ${to} }]\``
    draft.problems.report({ path, code: 'COMPOSITE_TARGET', message, hint })
  }
}

/** Follows `to` from key to key; all fields on the way have the type at its end, null where there is none. */
function resolveType(
  draft: Draft,
  start: FieldDraft,
  known: Map<FieldDraft, ResolvedType | null>,
): ResolvedType | null {
  const way = new Set<FieldDraft>()
  let field = start
  let resolved: ResolvedType | null | undefined
  while (resolved === undefined) {
    if (way.has(field)) reportCycle(draft, field)
    const next = way.has(field) ? null : known.has(field) ? (known.get(field) ?? null) : step(draft, field)
    way.add(field)
    if (next !== null && 'path' in next) field = next
    else resolved = next
  }
  for (const passed of way) known.set(passed, resolved)
  return resolved
}

/** The key field that a reference holds, or the type where no further step is needed. */
function step(draft: Draft, field: FieldDraft): FieldDraft | ResolvedType | null {
  const { type, to, values } = field.document
  if (to === undefined) return type ? { type, ...(type === 'enum' && { values: values ?? [] }) } : null
  const target = draft.entities.get(to)
  if (target?.key.length !== 1) return null
  return hasGeneratedKey(target) ? { type: 'uuid' } : (target.declared.get(target.key[0] as string) ?? null)
}

function reportCycle(draft: Draft, field: FieldDraft): void {
  const message = `the type of \`${field.name}\` follows a key that is itself this reference`
  const hint = 'give one of the entities a key of its own'
  draft.problems.report({ path: optionPath(field, 'to'), code: 'REFERENCE_CYCLE', message, hint })
}

/** Options that do not fit are left out here and reported by `checkFields`. */
function compileField(entity: EntityDraft, field: FieldDraft, { type, values }: ResolvedType): CompiledField {
  const { document, name } = field
  const list = document.list === true && document.to === undefined
  const min = boundOf(type, list, document.min)
  const max = boundOf(type, list, document.max)
  const { description, precision, format, pattern } = document
  const given = isExpressionDefault(document.default) ? undefined : document.default
  const literal = literalOf({ type, list, values: new Set(values) }, given)
  const decimal = type === 'decimal' && precision !== undefined
  return {
    name,
    ...(description !== undefined && { description }),
    type,
    list,
    required: document.required === true || entity.key.includes(name),
    writable: true,
    ...(document.identity && { default: { from: 'identity' } }),
    ...(literal.literal !== undefined && { default: { literal: literal.literal } }),
    ...(values && { values }),
    ...(document.strict && { strict: true }),
    ...(min?.bound !== undefined && { min: min.bound }),
    ...(max?.bound !== undefined && { max: max.bound }),
    ...(decimal && { precision, scale: document.scale ?? 0 }),
    ...(format !== undefined && { format }),
    ...(pattern !== undefined && { pattern }),
    ...fieldEvolution({ type, list, values }, document),
  }
}
