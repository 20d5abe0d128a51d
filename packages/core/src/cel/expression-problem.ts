/** What is wrong with an expression, and where in it. */
import { BackSaasError } from '../errors/backsaas-error.ts'

export interface ProblemOptions {
  readonly hint?: string | undefined
}

/** Refuses an expression. `line` and `column` are 1-based and count within its source. */
export class ExpressionProblem extends BackSaasError {
  override readonly name: string = 'ExpressionProblem'
  /** In UTF-16 units from the beginning of the source. */
  readonly offset: number
  readonly line: number
  readonly column: number

  constructor(code: string, message: string, source: string, offset: number, options: ProblemOptions = {}) {
    super(code, 422, message, { hint: options.hint ?? null })
    const before = source.slice(0, offset).split(/\r\n|\r|\n/)
    this.offset = offset
    this.line = before.length
    this.column = (before.at(-1)?.length ?? 0) + 1
  }
}

/** Text of a source as a message shows it: one line, not too long. */
export function show(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return `\`${line.length > 40 ? `${line.slice(0, 40)}…` : line}\``
}
