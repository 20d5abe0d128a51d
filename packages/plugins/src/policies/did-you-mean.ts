/** The hint of a fault whose name was probably mistyped. */
import { nearestName } from '@backsaas/core'

/** @example didYouMean('slaes', ['sales', 'admin']) // 'did you mean `sales`?' */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const nearest = nearestName(name, candidates)
  return nearest === null ? undefined : `did you mean \`${nearest}\`?`
}
