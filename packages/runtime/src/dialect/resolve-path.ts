/** Names as written → fields of an entity. */
import { type CompiledEntity, type CompiledField, nearestName, type Path } from '@backsaas/core'
import { unknownColumn } from './dialect-errors.ts'
import type { WrittenPath } from './parse-path.ts'

/** @throws `42703` (400) where the entity has no such column, or one that is neither JSON nor a list and so has no inside. */
export function resolvePath(path: WrittenPath, entity: CompiledEntity): Path {
  const field = resolveField(path.field, entity)
  if (path.json.length > 0 && field.type !== 'json' && !field.list)
    throw unknownColumn(entity.name, `${field.name}->`, field.name)
  return path
}

/** @throws `42703` (400) where the entity has no such column. */
export function resolveField(name: string, entity: CompiledEntity): CompiledField {
  const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined
  if (!field) throw unknownColumn(entity.name, name, nearestName(name, Object.keys(entity.fields)))
  return field
}
