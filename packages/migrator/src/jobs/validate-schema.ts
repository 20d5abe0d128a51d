/** `validate_schema`: every problem of a document, as `backsaas validate --json` tells them. */
import type { FunctionDefinition, JsonObject } from '@backsaas/core'
import { compileSchema, type Problem, SchemaProblems } from '@backsaas/core/language'
import type { Act } from './act.ts'
import { readDocument } from './read-document.ts'

export const validateSchema: Act<'validate_schema'> = async (input, context) => {
  const { source } = await readDocument(input, context)
  return { result: judge(source, context.functions) }
}

function judge(source: string, functions: readonly FunctionDefinition[]): JsonObject {
  try {
    const { name, hash, entities } = compileSchema(source, { functions })
    return { valid: true, schema: name, hash, entities: Object.keys(entities), problems: [] }
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    return { valid: false, problems: error.problems.map((problem: Problem) => ({ ...problem })) }
  }
}
