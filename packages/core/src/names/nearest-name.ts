/** Finds the name that a mistyped one was probably meant to be. */

const CANDIDATES_MAX = 1000
const LENGTH_MAX = 64

/**
 * The candidate with the fewest edits between it and `name`; case does not count, and a swap of neighbours is one edit.
 *
 * @param editsMax how many edits are still near; two fifths of the name's letters unless given.
 * @returns null where none is near; never `name` itself.
 * @example nearestName('stauts', ['name', 'status']) // 'status'
 */
export function nearestName(
  name: string,
  candidates: Iterable<string>,
  editsMax: number = Math.ceil(name.length * 0.4),
): string | null {
  if (name.length > LENGTH_MAX) return null
  let best: string | null = null
  let bestDistance = editsMax + 1
  let seen = 0
  for (const candidate of candidates) {
    if (++seen > CANDIDATES_MAX) break
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
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
