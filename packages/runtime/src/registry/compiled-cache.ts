/** Compiled schemas by their content: however many placements have the same one, it is held once. */
import type { CompiledSchema } from '@backsaas/core'
import { boundedMap } from '../binding/bounded-map.ts'

/** @param digest of `text`: what it was made of decides, decisions included, which are no part of the schema's hash. */
export type CompiledOf = (digest: string, text: string) => CompiledSchema

/** @example const compiledOf = createCompiledCache(1000); compiledOf(digest, text) === compiledOf(digest, text) */
export function createCompiledCache(size: number): CompiledOf {
  const known = boundedMap<CompiledSchema>(size)
  return (digest, text) => {
    const compiled = known.get(digest) ?? readCompiled(text)
    known.set(digest, compiled)
    return compiled
  }
}

/** The control schema is written by the migrator alone, so its JSON is taken at its word. */
export function readCompiled(text: string): CompiledSchema {
  return JSON.parse(text) as CompiledSchema
}
