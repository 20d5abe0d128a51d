/** What a document says of the version before, in compiled form. */
import type { EntityEvolution, FieldEvolution } from '../contracts/compiled.ts'
import type { FieldType } from '../contracts/field-type.ts'
import type { EntityDocument, FieldDocument } from './document.ts'
import { expressionDefault, isExpressionDefault, literalOf } from './literals.ts'

/** Of what a field says; nothing where it says nothing. A `fill` that does not fit is left out here and reported by `checkEvolution`. */
export function fieldEvolution(
  shape: { readonly type: FieldType; readonly list: boolean; readonly values: readonly string[] | undefined },
  { renamed_from: renamedFrom, convert, map, fill, orphans }: FieldDocument,
): { readonly evolution?: FieldEvolution } {
  const cel = expressionDefault(fill)
  const given = cel === undefined && !isExpressionDefault(fill) ? fill : undefined
  const { literal } = literalOf({ ...shape, values: new Set(shape.values) }, given)
  const evolution: FieldEvolution = {
    ...(renamedFrom !== undefined && { renamedFrom }),
    ...(convert && { convert }),
    ...(map && { map }),
    ...(cel !== undefined && { fill: { cel } }),
    ...(literal !== undefined && { fill: { literal } }),
    ...(orphans && { orphans }),
  }
  return Object.keys(evolution).length === 0 ? {} : { evolution }
}

/** Of what an entity says. */
export function entityEvolution({ renamed_from: renamedFrom, removed }: EntityDocument): {
  readonly evolution?: EntityEvolution
} {
  if (renamedFrom === undefined && removed === undefined) return {}
  return {
    evolution: {
      ...(renamedFrom !== undefined && { renamedFrom }),
      ...(removed && { removed: removedFields(removed) }),
    },
  }
}

/** The removed fields, whichever way they are written. */
export function removedFields(removed: NonNullable<EntityDocument['removed']>): Record<string, { down?: string }> {
  return Array.isArray(removed) ? Object.fromEntries(removed.map((name) => [name, {}])) : removed
}
