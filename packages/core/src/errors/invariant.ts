/** For what cannot happen. */
import { BackSaasError } from './backsaas-error.ts'

/** @throws `INTERNAL` (500) where `condition` does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BackSaasError('INTERNAL', 500, message)
}
