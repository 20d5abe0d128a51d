/** How deep a text is nested: what no one writes by hand only costs a database its stack. */
import { overLimit } from './dialect-errors.ts'

/** Levels of brackets in a body, a filter's value or a pattern, and steps of a JSON path. */
export const MAX_NESTING = 100

/** @throws `LIMIT_EXCEEDED` (400) where `{[(` stand deeper than that, outside double quotes. */
export function checkNesting(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfQuoted(text, i)
        break
      case 0x28: // (
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_NESTING) throw overLimit('levels of nesting', MAX_NESTING)
        break
      case 0x29:
      case 0x5d:
      case 0x7d:
        if (depth > 0) depth--
        break
    }
  }
}

/** The closing quote; the end of the text where there is none. */
function endOfQuoted(text: string, start: number): number {
  for (let i = start + 1; ; i += 2) {
    const quote = text.indexOf('"', i)
    if (quote === -1) return text.length
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote
    i = quote - 1
  }
}
