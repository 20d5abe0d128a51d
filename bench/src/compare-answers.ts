/** Before anything is timed: every contestant gives the same answer. */
import { isDeepStrictEqual } from 'node:util'
import type { Contestant } from './contestant.ts'
import type { Call } from './scenarios.ts'

/**
 * Asks all for the same and compares status and, of reads, the rows. A list by hand is over all rows and BackSaaS' over
 * one tenant's, so lists are compared in number and shape.
 *
 * @throws where two differ, with both answers.
 */
export async function compareAnswers(contestants: readonly Contestant[], call: (n: number) => Call): Promise<void> {
  const { method, path, body } = call(0)
  const answers = await Promise.all(
    contestants.map(async ({ url, headers }) => {
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body } : {}),
      })
      return { status: response.status, text: await response.text() }
    }),
  )
  const [first] = answers
  for (const [i, answer] of answers.entries()) {
    if (first && answer.status === first.status && sameMeaning(first.text, answer.text, path.includes('?id='))) continue
    throw new Error(
      `${contestants[0]?.name} and ${contestants[i]?.name} differ on ${method} ${path}:\n${first?.status} ${first?.text.slice(0, 500)}\n${answer.status} ${answer.text.slice(0, 500)}`,
    )
  }
}

function sameMeaning(a: string, b: string, sameRows: boolean): boolean {
  if (a === '' || b === '') return a === b
  const [left, right] = [JSON.parse(a), JSON.parse(b)] as [Record<string, unknown>[], Record<string, unknown>[]]
  // Times are when the row was loaded, which is not the same moment.
  const plain = (rows: Record<string, unknown>[]) =>
    rows.map(({ created_at: _c, updated_at: _u, revision: _r, last_name: _l, score: _s, ...rest }) => rest)
  if (sameRows) return isDeepStrictEqual(plain(left), plain(right))
  return left.length === right.length && isDeepStrictEqual(Object.keys(left[0] ?? {}), Object.keys(right[0] ?? {}))
}
