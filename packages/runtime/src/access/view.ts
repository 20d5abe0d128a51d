/** A schema as who holds certain roles knows it: what they can never see is not in it, so every part of a request finds it unknown. */
import type { CompiledEntity, CompiledRelation, CompiledSchema, Decisions } from '@backsaas/core'
import { accessOf, type EntityAccess } from './entity-access.ts'

export interface AccessView {
  /** What it was made of: the rules with their places, for who asks why. */
  readonly decisions: Decisions
  readonly entities: Readonly<Record<string, EntityAccess>>
  /** What requests may name. */
  readonly served: CompiledSchema
  /** What the body of a write may name: the fields that may be given, and those that are seen and may not. */
  readonly inputs: Readonly<Record<string, Readonly<Record<'create' | 'update', CompiledEntity>>>>
}

/**
 * @param served the schema as far as anybody may name it.
 * @param scopes narrow what the roles allow.
 */
export function createView(
  served: CompiledSchema,
  decisions: Decisions,
  roles: readonly string[],
  scopes?: readonly string[],
): AccessView {
  const entities = accessOf(served, decisions, roles, scopes)
  const seen = record(Object.values(served.entities), (entity) => seenPart(entity, entities))
  return {
    decisions,
    entities,
    served: { ...served, entities: seen },
    inputs: record(Object.values(served.entities), (entity) => ({
      create: inputPart(entity, entities[entity.name], 'create'),
      update: inputPart(entity, entities[entity.name], 'update'),
    })),
  }
}

/** Whether the caller can see the field, or give it. */
export function isKnown({ served, inputs }: AccessView, entity: string, field: string): boolean {
  const places = [served.entities[entity], inputs[entity]?.create, inputs[entity]?.update]
  return places.some((place) => place && Object.hasOwn(place.fields, field))
}

function record<T>(
  entities: readonly CompiledEntity[],
  make: (entity: CompiledEntity) => T,
): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null), Object.fromEntries(entities.map((entity) => [entity.name, make(entity)])))
}

function seenPart(entity: CompiledEntity, all: Readonly<Record<string, EntityAccess>>): CompiledEntity {
  const seen = all[entity.name]?.read?.fields
  const fields = Object.entries(entity.fields).filter(([name]) => seen?.has(name))
  const relations = Object.entries(entity.relations).filter(([, relation]) => isSeen(relation, entity.name, all))
  return { ...entity, fields: Object.fromEntries(fields), relations: Object.fromEntries(relations) }
}

/** Both sides are: whoever sees which rows belong together has seen the fields that say so. */
function isSeen(relation: CompiledRelation, from: string, all: Readonly<Record<string, EntityAccess>>): boolean {
  const own = all[from]?.read?.fields
  const other = all[relation.entity]?.read?.fields
  return relation.from.every((field) => own?.has(field)) && relation.to.every((field) => other?.has(field))
}

function inputPart(
  entity: CompiledEntity,
  access: EntityAccess | undefined,
  action: 'create' | 'update',
): CompiledEntity {
  const given = access?.[action]?.fields
  const fields = Object.entries(entity.fields).flatMap(([name, field]) => {
    if (given?.has(name)) return [[name, field] as const]
    return access?.read?.fields.has(name) ? [[name, { ...field, writable: false }] as const] : []
  })
  const known = Object.fromEntries(fields)
  const unique = entity.unique.filter((set) => set.every((name) => Object.hasOwn(known, name)))
  return { ...entity, fields: known, unique }
}
