/** The files of an import, those first that others refer to, as far as that is known. */
import type { CompiledSchema } from '@backsaas/core'
import { entityOrder } from './entity-order.ts'
import type { NameMap } from './name-map.ts'
import { entityCandidates } from './names.ts'
import type { SourceFile } from './source-row.ts'

export interface OrderOptions {
  readonly schema: CompiledSchema | null
  readonly names: NameMap
}

/** With a schema: by its references. Without one: as they are; rows that come too early wait. */
export function orderFiles(files: readonly SourceFile[], { schema, names }: OrderOptions): readonly SourceFile[] {
  if (!schema) return files
  const order = entityOrder(schema)
  const rank = ({ name }: SourceFile): number => {
    const candidates = [names.entities.get(name) ?? [], entityCandidates(name)].flat()
    return order.findIndex((entity) => candidates.includes(entity))
  }
  return files.toSorted((a, b) => rank(a) - rank(b))
}
