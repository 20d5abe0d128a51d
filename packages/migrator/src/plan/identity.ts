/** Which entity and field of one version is which of the next: by name, or by what it was renamed from. */
import type { CompiledEntity, CompiledField, CompiledSchema } from '@backsaas/core'

/** One entity in two versions. */
export interface EntityMatch {
  readonly before: CompiledEntity
  readonly after: CompiledEntity
  /** The name before of each field of `after` that was there. */
  readonly origins: ReadonlyMap<string, string>
  /** Fields of `before` that are gone. */
  readonly removed: readonly string[]
}

export interface Matches {
  /** By the entity's name in the later version. */
  readonly entities: ReadonlyMap<string, EntityMatch>
  /** Names of entities before that are gone. */
  readonly removed: readonly string[]
}

/**
 * Pairs what two versions have. `renamed_from` counts where its own name is new and the other was there: so a hint that
 * stays in the document means nothing later. It is stronger than an equal name, whose field is then another one.
 *
 * @example matchSchemas(crm1, crm2).entities.get('people')?.before.name // 'contacts'
 */
export function matchSchemas(previous: CompiledSchema, next: CompiledSchema): Matches {
  const origins = matchNames(previous.entities, next.entities)
  const entities = new Map<string, EntityMatch>()
  for (const [name, origin] of origins) {
    const [before, after] = [previous.entities[origin], next.entities[name]]
    if (before && after) entities.set(name, matchEntity(before, after))
  }
  return { entities, removed: without(previous.entities, origins) }
}

function matchEntity(before: CompiledEntity, after: CompiledEntity): EntityMatch {
  const origins = matchNames(before.fields, after.fields)
  return { before, after, origins, removed: without(before.fields, origins) }
}

type Named = Readonly<Record<string, { readonly evolution?: { readonly renamedFrom?: string } }>>

function matchNames(before: Named, after: Named): ReadonlyMap<string, string> {
  const origins = new Map<string, string>()
  const claimed = new Set<string>()
  for (const [name, { evolution }] of Object.entries(after)) {
    const origin = evolution?.renamedFrom
    if (origin === undefined || Object.hasOwn(before, name) || !Object.hasOwn(before, origin)) continue
    origins.set(name, origin)
    claimed.add(origin)
  }
  for (const name of Object.keys(after)) {
    if (Object.hasOwn(before, name) && !claimed.has(name)) origins.set(name, name)
  }
  return origins
}

function without(before: Readonly<Record<string, unknown>>, origins: ReadonlyMap<string, string>): string[] {
  const kept = new Set(origins.values())
  return Object.keys(before).filter((name) => !kept.has(name))
}

/**
 * The schema with an id for every entity and field: those that were there keep theirs, the others get the next ones.
 *
 * @param highest the highest id that any version of the schema has ever had.
 */
export function assignIds(
  next: CompiledSchema,
  previous: CompiledSchema | null,
  highest: number = highestId(previous),
): CompiledSchema {
  let last = highest
  const give = (known: number | undefined): number => known ?? ++last
  const old = previous && hasIds(previous) ? previous : previous && assignIds(previous, null, highest)
  if (old) last = Math.max(last, highestId(old))
  const matches = old && matchSchemas(old, next)
  const entities = Object.entries(next.entities).map(([name, entity]) => {
    const match = matches?.entities.get(name)
    const id = give(match?.before.id)
    const fields = Object.entries(entity.fields).map(([field, compiled]): readonly [string, CompiledField] => {
      const origin = match?.origins.get(field)
      return [field, { ...compiled, id: give(origin === undefined ? undefined : match?.before.fields[origin]?.id) }]
    })
    return [name, { ...entity, id, fields: Object.fromEntries(fields) }] as const
  })
  return { ...next, entities: Object.fromEntries(entities) }
}

/** The highest id in a schema; 0 where it has none. */
export function highestId(schema: CompiledSchema | null): number {
  if (!schema) return 0
  const ids = Object.values(schema.entities).flatMap(({ id, fields }) => [
    id ?? 0,
    ...Object.values(fields).map((field) => field.id ?? 0),
  ])
  return Math.max(0, ...ids)
}

function hasIds(schema: CompiledSchema): boolean {
  return Object.values(schema.entities).every((entity) => entity.id !== undefined)
}
