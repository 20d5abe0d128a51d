/** What expressions may name: every entity with its fields, computed ones at their first use, and its relations. */
import type { CompiledField, CompiledRelation } from '../contracts/compiled.ts'
import { type Draft, type EntityDraft, type FieldDraft, isComputed } from './draft.ts'
import type { Relations } from './relations.ts'

export interface ScopeEntity {
  readonly fields: Readonly<Record<string, CompiledField>>
  readonly relations: Readonly<Record<string, CompiledRelation>>
}

/** By name, without prototype, as are the records inside. */
export type ExpressionScope = Readonly<Record<string, ScopeEntity>>

/** Thrown where an expression reads a field that is itself faulty: the fault is told there, and nobody blamed here. */
export class FaultyField extends Error {}

/** @param computedOf compiles a computed field, or answers null where it is faulty. */
export function createExpressionScope(
  draft: Draft,
  relations: Relations,
  computedOf: (entity: EntityDraft, field: FieldDraft) => CompiledField | null,
): ExpressionScope {
  const scope: Record<string, ScopeEntity> = Object.create(null)
  for (const entity of draft.entities.values()) {
    const fields: Record<string, CompiledField> = Object.create(null)
    for (const [name, field] of entity.fields) fields[name] = field
    for (const field of entity.declared.values()) {
      if (field.sound && entity.fields.has(field.name)) continue
      const get = (): CompiledField => {
        const compiled = field.sound && isComputed(field) ? computedOf(entity, field) : null
        if (compiled) return compiled
        throw new FaultyField(`${entity.name}.${field.name}`)
      }
      Object.defineProperty(fields, field.name, { get, enumerable: true, configurable: true })
    }
    scope[entity.name] = { fields, relations: relations.get(entity.name) ?? {} }
  }
  return scope
}

/** Whether faults elsewhere may have taken away fields or relations that expressions name. */
export function isUncertain(draft: Draft, relations: Relations): boolean {
  return [...draft.entities.values()].some((entity) => {
    const single = [...entity.declared.values()].filter(
      (field) => field.document.to !== undefined && !isComputed(field),
    )
    const references = single.length + (entity.document.references?.length ?? 0)
    const found = Object.values(relations.get(entity.name) ?? {}).filter((relation) => relation.kind === 'one')
    return !entity.sound || found.length < references
  })
}
