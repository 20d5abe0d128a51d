/** Schema text to compiled schema. */
import type { CompiledSchema } from '../contracts/compiled.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

/**
 * Parses, validates, normalises and compiles a schema document.
 *
 * @throws `SchemaProblems` (422) with every problem of the document.
 */
export function compileSchema(text: string): CompiledSchema {
  throw new BackSaasError('NOT_BUILT', 501, `the language is not built yet (${text.length})`)
}
