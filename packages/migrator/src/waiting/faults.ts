/** Failures of what works on its own in the background: told, and gone on after. */
import { BackSaasError, type Observe } from '@backsaas/core'

/** Where nobody else is told: a line on stderr. @param who works. */
export function toStderr(who: string): Observe {
  return (observation) => {
    if (observation.kind === 'error')
      process.stderr.write(`${who}: ${observation.code}: ${String(observation.error)}\n`)
  }
}

/** @param otherwise the code of what has none of ours. */
export function faultTeller(observe: Observe, otherwise: string): (error: unknown) => void {
  return (error) => observe({ kind: 'error', code: error instanceof BackSaasError ? error.code : otherwise, error })
}
