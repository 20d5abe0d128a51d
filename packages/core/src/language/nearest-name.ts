/** The hint of a problem whose name was probably mistyped. */
import { nearestName } from '../names/nearest-name.ts'

/** One edit turns any letter into any other. */
const LENGTH_MIN = 3

/**
 * A suggestion such as ``did you mean `status`?``, or undefined where no candidate is close.
 *
 * @example didYouMean('stauts', ['status', 'name']) // 'did you mean `status`?'
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length < LENGTH_MIN) return undefined
  const nearest = nearestName(name, candidates, Math.max(1, Math.floor(name.length / 3)))
  return nearest === null ? undefined : `did you mean \`${nearest}\`?`
}
