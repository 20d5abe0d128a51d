/** Before anything is timed: every contestant gives the same answer. */
import { isDeepStrictEqual } from 'node:util'
import { type Contestant, headersOf } from './contestant.ts'
import type { Call } from './scenarios.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** When a row was written is not the same moment for all, nor how often: those by hand write the same tables. */
const OF_WRITES = ['created_at', 'updated_at', 'revision']

/**
 * Asks all for the same and compares status and rows: every value of every row, in their order.
 *
 * @throws where two differ, or where a read finds nothing, with the answers.
 */
export async function compareAnswers(contestants: readonly Contestant[], calls: readonly Call[]): Promise<void> {
  for (const call of calls) {
    const answers = await Promise.all(contestants.map((contestant) => ask(contestant, call)))
    const [first] = answers
    for (const [i, answer] of answers.entries()) {
      const read = call.method === 'GET'
      if (first && isDeepStrictEqual(answer, first) && (!read || isFull(answer.rows))) continue
      throw new Error(
        `${contestants[0]?.name} and ${contestants[i]?.name} differ on ${call.method} ${call.path}:\n${shown(first)}\n${shown(answer)}`,
      )
    }
  }
}

interface Answer {
  readonly status: number
  readonly rows: Json
}

async function ask(contestant: Contestant, call: Call): Promise<Answer> {
  const { method, path, body } = call
  const type = body ? { 'content-type': 'application/json' } : {}
  const response = await fetch(contestant.url + path, {
    method,
    headers: { ...headersOf(contestant, call), ...type },
    ...(body ? { body } : {}),
  })
  const text = await response.text()
  return { status: response.status, rows: text === '' ? null : inOrder(JSON.parse(text) as Json) }
}

/** Notes of a contact have no order of their own; what differs with each write is left out. */
function inOrder(value: Json, name = ''): Json {
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => inOrder(item))
    return name === 'notes' ? items.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))) : items
  }
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([key]) => !OF_WRITES.includes(key))
  return Object.fromEntries(entries.map(([key, member]) => [key, inOrder(member, key)]))
}

function isFull(rows: Json): boolean {
  return Array.isArray(rows) && rows.length > 0
}

function shown(answer: Answer | undefined): string {
  return `${answer?.status} ${JSON.stringify(answer?.rows).slice(0, 500)}`
}
