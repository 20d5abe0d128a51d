/** What went wrong, in one line where one line can tell it; never a stack, unless asked for. */
import { BackSaasError, DatabaseError } from '@backsaas/core'
import { SchemaProblems } from '@backsaas/core/language'
import type { Io } from './io.ts'

/**
 * Writes an error to standard error: a line for people, or one JSON object.
 *
 * `BACKSAAS_DEBUG=1` adds the stack and its causes.
 *
 * @example reportError(new BackSaasError('PORT_BUSY', 409, 'port 8787 is in use', { hint: 'set PORT' }), io, false)
 */
export function reportError(error: unknown, io: Io, asJson: boolean): void {
  if (asJson) io.err(JSON.stringify({ error: asData(error) }))
  else for (const line of asLines(error)) io.err(line)
  if (io.env.BACKSAAS_DEBUG === '1' && error instanceof Error) io.err(error.stack ?? error.message)
}

function asData(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof BackSaasError)) return { code: 'FAILED', message: messageOf(error) }
  const { code, message, hint, details } = error
  return { code, message, hint, details, errors: error instanceof SchemaProblems ? error.problems : error.errors }
}

function asLines(error: unknown): string[] {
  if (error instanceof SchemaProblems) {
    const places = error.problems.flatMap(({ line, column, code, message, pointer, hint }) => [
      `${line}:${column}  ${code}  ${message}  (${pointer === '' ? '/' : pointer})`,
      ...(hint === undefined ? [] : [`      ${hint}`]),
    ])
    return [`backsaas: ${error.message}`, ...places]
  }
  const hint = error instanceof BackSaasError ? error.hint : null
  const details = error instanceof BackSaasError && !(error instanceof DatabaseError) ? error.details : null
  return [
    `backsaas: ${messageOf(error)}${hint === null ? '' : ` (${hint})`}`,
    ...(details === null ? [] : [typeof details === 'string' ? details : JSON.stringify(details)]),
  ]
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text === '' ? 'it failed without a message' : text).split('\n', 1)[0] as string
}
