/** Finds the name that a mistyped one was probably meant to be. */

const CANDIDATES_MAX = 1000
/** One edit turns any letter into any other. */
const LENGTH_MIN = 3
const LENGTH_MAX = 60

/**
 * A suggestion such as ``did you mean `status`?``, or undefined where no candidate is close.
 *
 * @example didYouMean('stauts', ['status', 'name']) // 'did you mean `status`?'
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const nearest = nearestName(name, candidates)
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`
}

function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length < LENGTH_MIN || name.length > LENGTH_MAX) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  let seen = 0
  for (const candidate of candidates) {
    if (++seen > CANDIDATES_MAX) break
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance where a swap of neighbours counts as one edit. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
