/** Finds the key of every entity. */
import type { FieldType } from '../contracts/field-type.ts'
import { type Draft, type EntityDraft, isComputed } from './draft.ts'
import { checkName } from './names.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

/** Types whose values have one text form, can be compared and can stand in a URL. */
export const KEY_TYPES: ReadonlySet<FieldType> = new Set<FieldType>([
  ...(['string', 'text', 'enum', 'integer', 'bigint', 'decimal'] as const),
  ...(['boolean', 'date', 'time', 'timestamp', 'uuid'] as const),
])

/** Sets `key` of every entity; a key that is not declared is the generated one. */
export function resolveKeys(draft: Draft): void {
  for (const entity of draft.entities.values()) entity.key = keyOf(entity, draft.problems)
}

/** Whether the entity's key is made for it: `id`, or in the JSON Schema form the name that `key` gives. */
export function hasGeneratedKey(entity: EntityDraft): boolean {
  const [name = ''] = entity.key
  if (entity.key.length !== 1 || entity.declared.has(name)) return false
  return name === 'id' || entity.document.schema !== undefined
}

function keyOf(entity: EntityDraft, problems: ProblemList): readonly string[] {
  const path = [...entity.path, 'key']
  const { key } = entity.document
  if (key === undefined) {
    const own = entity.declared.get('id')
    if (own) {
      const message = '`id` is the key that every entity has'
      const hint = 'remove it, or say `key: id` to make this field the key'
      problems.report({ path: own.path, at: 'key', code: 'SYSTEM_FIELD', message, hint })
    }
    return ['id']
  }
  const names = [key].flat()
  if (names.length === 0) problems.report({ path, code: 'EMPTY_LIST', message: 'a key has one field or more' })
  const seen = new Set<string>()
  names.forEach((name, index) => {
    const place = Array.isArray(key) ? [...path, index] : path
    if (seen.size === seen.add(name).size) {
      problems.report({ path: place, code: 'DUPLICATE_FIELD', message: `\`${name}\` stands in the key twice` })
    } else if (!entity.declared.has(name)) checkUndeclared(entity, name, names.length, place, problems)
    else if (isComputed(entity.declared.get(name))) {
      const message = `\`${name}\` is computed and cannot be a key`
      problems.report({ path: place, code: 'NOT_APPLICABLE', message })
    } else if (entity.declared.get(name)?.document.required === false) {
      const message = `\`${name}\` is a key field and therefore required`
      problems.report({
        path: [...(entity.declared.get(name)?.path ?? []), 'required'],
        code: 'CONTRADICTION',
        message,
      })
    }
  })
  return names
}

function checkUndeclared(entity: EntityDraft, name: string, count: number, path: Path, problems: ProblemList): void {
  if (!checkName('field', name, { path, at: 'value' }, problems)) return
  if (!entity.sound || (count === 1 && name === 'id')) return
  const similar = didYouMean(name, entity.declared.keys())
  // The JSON Schema form may leave its key out of the properties; a misspelt one is still an error.
  if (entity.document.schema && count === 1 && similar === undefined) return
  problems.report({
    path,
    code: 'UNKNOWN_FIELD',
    message: `\`${entity.name}\` has no field \`${name}\` to be its key`,
    hint: similar ?? 'declare it under `fields`',
  })
}
