/** The observation stream as lines of JSON. */
import { BackSaasError, DatabaseError, type Observation, type Observe } from '@backsaas/core'

/**
 * An observer that writes one line of JSON per observation, without a line break at its end. Neither keys, query
 * strings nor bodies are in it; of an error of the database its SQLSTATE, not the row it speaks of.
 *
 * @example createRuntime({ database, observe: jsonLog((line) => console.log(line)) })
 */
export function jsonLog(write: (line: string) => void): Observe {
  return (observation) => write(JSON.stringify({ time: new Date().toISOString(), ...plain(observation) }))
}

function plain(observation: Observation): object {
  return observation.kind === 'error' ? { ...observation, error: describe(observation.error) } : observation
}

/** An error and what caused it, as data. */
function describe(error: unknown): object | string {
  if (!(error instanceof Error)) return String(error)
  const { name, message, stack, cause } = error
  return {
    name,
    message,
    ...(error instanceof BackSaasError ? { code: error.code, status: error.status } : { stack }),
    ...(error instanceof DatabaseError ? { sqlState: error.fields.sqlState } : {}),
    ...(cause === undefined || error instanceof DatabaseError ? {} : { cause: describe(cause) }),
  }
}
