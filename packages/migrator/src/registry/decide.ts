/** What the rules of a schema come to, kept with its compiled form: so that a runtime decides nothing where there are no policies. */
import type { CompiledSchema, Decisions } from '@backsaas/core'

/** Makes the decisions of a schema without any policies: `decide` of a plugin's access slot, given no rows. */
export type Decide = (schema: CompiledSchema) => Promise<Decisions>

/** The schema with its decisions, where it has rules and there is who decides. */
export async function withDecisions(compiled: CompiledSchema, decide: Decide | undefined): Promise<CompiledSchema> {
  const ruled = Object.values(compiled.entities).some((entity) => entity.access !== undefined)
  return decide && ruled ? { ...compiled, decisions: await decide(compiled) } : compiled
}
