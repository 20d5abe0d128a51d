/** `meta->address->>city`: a column and the way into its JSON. */
import type { JsonStep } from '@backsaas/core'
import { overLimit } from './dialect-errors.ts'
import { MAX_NESTING } from './nesting.ts'
import { type Scanner, take, takeName } from './scanner.ts'

/** A path by the names that the caller wrote, not yet resolved against an entity. */
export interface WrittenPath {
  readonly field: string
  readonly json: readonly JsonStep[]
}

export function takePath(s: Scanner, what: string): WrittenPath {
  const field = takeName(s, what)
  const json: JsonStep[] = []
  while (s.text.startsWith('->', s.position)) {
    const arrow = take(s, '->>') ? '->>' : '->'
    if (arrow === '->') take(s, '->')
    json.push({ arrow, key: takeKey(s, what) })
    if (json.length > MAX_NESTING) throw overLimit('steps in a JSON path', MAX_NESTING)
  }
  return { field, json }
}

/** A key, or an index where it is a whole number. */
function takeKey(s: Scanner, what: string): string | number {
  const quoted = s.text[s.position] === '"'
  const sign = !quoted && take(s, '-') ? '-' : ''
  const name = takeKeyName(s, what)
  return !quoted && /^\d{1,9}$/.test(name) ? Number(sign + name) : sign + name
}

/** Keys are freer than identifiers: spaces, hyphens and the like are allowed without quotes. */
function takeKeyName(s: Scanner, what: string): string {
  if (s.text[s.position] === '"') return takeName(s, what)
  KEY.lastIndex = s.position
  const match = KEY.exec(s.text)
  if (!match) return takeName(s, what)
  s.position += match[0].length
  return match[0]
}

const KEY = /(?:[\p{L}\p{N}_$ @#/+]|-(?!>))+/uy
