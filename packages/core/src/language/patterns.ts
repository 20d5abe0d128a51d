/** Which regular expressions a field may have: those that RE2 and JavaScript read alike, of a size that matches fast. */
import { patternSize } from '../patterns/pattern-program.ts'

const LENGTH_MAX = 1000
const REPEAT_MAX = 1000
/** Of the automaton: a text takes at worst its length times this. */
const SIZE_MAX = 2500

/** Constructs of JavaScript that RE2 lacks or reads differently; looked for outside of escapes. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^\(\?(=|!|<=|<!)/, 'lookaround is not part of RE2'],
  [/^\(\?(?!:)/, 'only plain and (?:…) groups are supported'],
  [/^\[\^?\]/, 'a character class may not be empty'],
]

const REFUSED_IN_CLASS: readonly (readonly [RegExp, string])[] = [
  [/^\\b/, 'write \\x08 for a backspace'],
  [/^\[(?=:).*:\]/s, 'write [a-z] for [[:lower:]], and so on'],
]

const REFUSED_ESCAPES: readonly (readonly [RegExp, string])[] = [
  [/^\\[1-9k]/, 'backreferences are not part of RE2'],
  [/^\\[uc]/, 'write the character itself'],
]

/**
 * What is wrong with a pattern, or undefined. The pattern is never run here.
 *
 * @example patternFault('(a)\\1') // 'backreferences are not part of RE2'
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > LENGTH_MAX) return `it is longer than ${LENGTH_MAX} characters`
  for (let at = 0, inClass = false; at < pattern.length; at += pattern[at] === '\\' ? 2 : 1) {
    const rest = pattern.slice(at)
    const refused = [...REFUSED_ESCAPES, ...(inClass ? REFUSED_IN_CLASS : REFUSED)]
    const found = refused.find(([form]) => form.test(rest))
    if (found) return found[1]
    const repeat = inClass ? null : /^\{(\d+)(?:,(\d*))?\}/.exec(rest)
    if (Math.max(Number(repeat?.[1] ?? 0), Number(repeat?.[2] ?? 0)) > REPEAT_MAX)
      return `it repeats more than ${REPEAT_MAX} times`
    if (rest.startsWith('[')) inClass = true
    if (rest.startsWith(']')) inClass = false
  }
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^.*: /, '') : 'it does not compile'
  }
  return patternSize(pattern) > SIZE_MAX
    ? 'its repeats come to more than can be matched fast: `max` bounds a length'
    : undefined
}
