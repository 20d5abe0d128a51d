/** A cursor over one piece of a query string; the parsers below share it. */
import type { BackSaasError } from '@backsaas/core'
import { parseError } from './dialect-errors.ts'

export interface Scanner {
  readonly text: string
  position: number
}

export function scan(text: string): Scanner {
  return { text, position: 0 }
}

export function atEnd(s: Scanner): boolean {
  return s.position >= s.text.length
}

/** Whether `token` comes next; moves past it when it does. */
export function take(s: Scanner, token: string): boolean {
  if (!s.text.startsWith(token, s.position)) return false
  s.position += token.length
  return true
}

export function expect(s: Scanner, token: string, what: string): void {
  if (!take(s, token)) throw fail(s, what, `"${token}"`)
}

/** An identifier, bare (letters, digits, `_`, `$`) or in double quotes; throws where there is none. */
export function takeName(s: Scanner, what: string): string {
  if (s.text[s.position] === '"') return takeQuoted(s, what)
  NAME.lastIndex = s.position
  const match = NAME.exec(s.text)
  if (!match) throw fail(s, what, 'a name')
  s.position += match[0].length
  return match[0]
}

const NAME = /[\p{L}\p{N}_$]+/uy

/** A double-quoted text with `\"` and `\\` escapes; the cursor stands on the opening quote. */
export function takeQuoted(s: Scanner, what: string): string {
  let value = ''
  for (let i = s.position + 1; i < s.text.length; i++) {
    const char = s.text[i]
    if (char === '"') {
      s.position = i + 1
      return value
    }
    value += char === '\\' ? (s.text[++i] ?? '') : char
  }
  s.position = s.text.length
  throw fail(s, what, 'a closing double quote')
}

/** The error of not finding `expected` where the cursor stands. */
export function fail(s: Scanner, what: string, expected: string): BackSaasError {
  return parseError(what, s.text, s.position + 1, expected)
}
