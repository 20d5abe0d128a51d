/** Calls a function: its refusals become problems, what breaks in it an error that tells the client nothing of the inside. */
import { BackSaasError, type FieldProblem, type FunctionContext } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'

/** @throws `FUNCTION_FAILED` (500) for what the function throws, but for an error that is meant for the client. */
export function failed(name: string, cause: unknown): Error {
  if (cause instanceof BackSaasError) return cause
  return runtimeError('FUNCTION_FAILED', `the function ${name} failed`, { cause })
}

/** What a function that refuses has told, else null. */
export function refusalOf(error: unknown): readonly FieldProblem[] | null {
  return error instanceof BackSaasError && error.code === 'FUNCTION_REFUSED' ? error.errors : null
}

/**
 * Waits for a function no longer than its time.
 *
 * @throws `FUNCTION_TIMEOUT` (503).
 */
export async function withinTime<T>(name: string, { signal }: FunctionContext, work: Promise<T>): Promise<T> {
  let stop = (): void => {}
  const late = new Promise<never>((_, reject) => {
    stop = () =>
      reject(
        runtimeError('FUNCTION_TIMEOUT', `the function ${name} took too long`, { headers: { 'retry-after': '1' } }),
      )
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
