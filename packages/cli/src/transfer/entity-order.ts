/** Entities in an order in which each comes after those it refers to. */
import type { CompiledEntity, CompiledSchema } from '@backsaas/core'

/**
 * The names of all entities; where references go in a circle, the order of the document decides.
 *
 * @example entityOrder(musicStore) // ['genres', 'media_types', 'artists', 'albums', 'tracks', …]
 */
export function entityOrder(schema: CompiledSchema): readonly string[] {
  const ordered = new Set<string>()
  const entered = new Set<string>()
  const visit = (entity: CompiledEntity): void => {
    if (entered.has(entity.name)) return
    entered.add(entity.name)
    for (const relation of Object.values(entity.relations)) {
      const target = relation.kind === 'one' ? schema.entities[relation.entity] : undefined
      if (target) visit(target)
    }
    ordered.add(entity.name)
  }
  for (const entity of Object.values(schema.entities)) visit(entity)
  return [...ordered]
}
