/** A problem of a schema document, placed. */
import { BackSaasError } from '../errors/backsaas-error.ts'

export interface Problem {
  /** JSON pointer into the document. */
  readonly pointer: string
  /** 1-based. */
  readonly line: number
  readonly column: number
  /** UPPER_SNAKE. */
  readonly code: string
  readonly message: string
  readonly hint?: string
}

/** All problems of a document at once: `SCHEMA_INVALID`, or `TESTS_INVALID` of a file of tests. */
export class SchemaProblems extends BackSaasError {
  override readonly name: string = 'SchemaProblems'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], document: 'schema' | 'tests' = 'schema') {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    const has = document === 'schema' ? 'the schema has' : 'the tests have'
    super(document === 'schema' ? 'SCHEMA_INVALID' : 'TESTS_INVALID', 422, `${has} ${count}`, {
      details: problems.map((p) => `${p.line}:${p.column} ${p.code} ${withHint(p)}`).join('\n'),
      errors: problems.map((p) => ({
        pointer: p.pointer,
        code: p.code,
        detail: withHint(p),
        line: p.line,
        column: p.column,
      })),
    })
    this.problems = problems
  }
}

function withHint(problem: Problem): string {
  return problem.hint === undefined ? problem.message : `${problem.message} (${problem.hint})`
}
