/** Fields that parameters name and the entity does not have, as problems at their place. */
import type { FunctionPlace, PlaceProblem } from '@backsaas/core'

/** @param path of the list; of a list of one, of its value. */
export function missingFields(
  fields: readonly string[],
  path: readonly (string | number)[],
  { entity, entities }: FunctionPlace,
): readonly PlaceProblem[] {
  const isList = path.at(-1) === 'fields'
  return fields.flatMap((field, index) =>
    entities[entity]?.[field] === undefined
      ? [{ path: isList ? [...path, index] : path, message: `\`${entity}\` has no field \`${field}\`` }]
      : [],
  )
}
