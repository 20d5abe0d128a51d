/** Which entities an export reads, and by which keys. */
import { BackSaasError, type CompiledSchema } from '@backsaas/core'
import { entityOrder } from './entity-order.ts'
import type { EntityKey } from './read-pages.ts'

/**
 * All entities of the schema, or those that are named: `NAME`, or `NAME:FIELD,FIELD` with the fields of its key. Without
 * a schema the key is `id`, as it is of every entity that names no other.
 *
 * @throws `ENTITIES_UNKNOWN` (400) with neither; `ENTITY_UNKNOWN` (404).
 * @example exportKeys(['order_lines:order_number,product_code'], null)
 */
export function exportKeys(named: readonly string[], schema: CompiledSchema | null): readonly EntityKey[] {
  if (named.length > 0) return named.map((text) => keyOf(text, schema))
  if (schema) return entityOrder(schema).map((entity) => keyOf(entity, schema))
  throw new BackSaasError('ENTITIES_UNKNOWN', 400, 'it is not said what to export', {
    hint: 'give the schema with --schema FILE, or entities with --entity NAME',
  })
}

function keyOf(text: string, schema: CompiledSchema | null): EntityKey {
  const [entity = '', fields] = text.split(':', 2)
  if (fields !== undefined) return { entity, key: fields.split(',') }
  if (!schema) return { entity, key: ['id'] }
  const compiled = Object.hasOwn(schema.entities, entity) ? schema.entities[entity] : undefined
  if (compiled) return { entity, key: compiled.key }
  throw new BackSaasError('ENTITY_UNKNOWN', 404, `there is no entity ${JSON.stringify(entity)}`, {
    hint: `the schema has ${Object.keys(schema.entities).join(', ')}`,
  })
}
