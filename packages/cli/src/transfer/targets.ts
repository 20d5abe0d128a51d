/** The targets of an import's sources, each found once and then remembered. */
import type { CompiledSchema } from '@backsaas/core'
import { findTarget, type Target } from './find-target.ts'
import { createRowMapper, type MapRow } from './map-row.ts'
import type { NameMap } from './name-map.ts'
import { entityCandidates } from './names.ts'
import type { RestClient } from './rest-client.ts'

export interface SourceTarget {
  readonly entity: string
  readonly key: readonly string[]
  readonly map: MapRow
}

export interface Targets {
  /** Where the rows of a source go; null where they are left out. */
  of(source: string, inFile: string): Promise<SourceTarget | null>
  /** From now on these fields are left out of what is sent. */
  readonly leaveOut: (entity: string, fields: readonly string[]) => void
  /** Fields that were in the files and are the platform's alone, by entity. */
  leftOut(): Readonly<Record<string, readonly string[]>>
}

export interface TargetOptions {
  readonly client: RestClient
  readonly schema: CompiledSchema | null
  readonly names: NameMap
  /** `--entity`. */
  readonly entity: string | null
}

/** @example const target = await createTargets(options).of('Genre', 'chinook') */
export function createTargets(options: TargetOptions): Targets {
  const found = new Map<string, Promise<SourceTarget | null>>()
  const targets = new Map<string, Target>()
  const left = new Map<string, Set<string>>()
  const note = (entity: string, field: string): void => {
    left.set(entity, (left.get(entity) ?? new Set()).add(field))
  }
  const find = async (source: string, inFile: string): Promise<SourceTarget | null> => {
    const named = nameOf(source, inFile, options)
    if (named === null) return null
    const target = await findTarget(source, named === '' ? null : named, options.schema, options.client)
    const known = targets.get(target.entity) ?? target
    targets.set(target.entity, known)
    const renamed = options.names.fields.get(source) ?? new Map<string, string | null>()
    const map = createRowMapper(source, known, renamed, (field) => note(known.entity, field))
    return { entity: known.entity, key: known.key, map }
  }
  return {
    of(source, inFile) {
      const target = found.get(source) ?? find(source, inFile)
      found.set(source, target)
      return target
    },
    leaveOut(entity, fields) {
      for (const field of fields) {
        targets.get(entity)?.unwritable.add(field)
        note(entity, field)
      }
    },
    leftOut: () => Object.fromEntries([...left].map(([entity, fields]) => [entity, [...fields]])),
  }
}

/** The entity's name where it is given; '' where it follows from the source's; null where the source is left out. */
function nameOf(source: string, inFile: string, { entity, names }: TargetOptions): string | null {
  const mapped = names.entities.get(source)
  if (mapped !== undefined) return mapped
  if (entity === null) return ''
  // A file of one entity's rows goes where it is told; of a file with several, only that entity is read.
  return source === inFile || entityCandidates(source).includes(entity) ? entity : null
}
