/** Which regular expressions a field may have: those that RE2 and JavaScript read alike and that match in linear time. */

const LENGTH_MAX = 1000
const REPEAT_MAX = 1000

/** Constructs of JavaScript that RE2 lacks or reads differently; looked for outside of escapes. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^\(\?(=|!|<=|<!)/, 'lookaround is not part of RE2'],
  [/^\(\?(?!:)/, 'only plain and (?:…) groups are supported'],
  [/^\\[1-9k]/, 'backreferences are not part of RE2'],
  [/^\\[uc]/, 'write the character itself'],
  [/^\[\^?\]/, 'a character class may not be empty'],
]

/**
 * What is wrong with a pattern, or undefined. The pattern is compiled and never run here.
 *
 * @example patternFault('(a)\\1') // 'backreferences are not part of RE2'
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > LENGTH_MAX) return `it is longer than ${LENGTH_MAX} characters`
  for (let at = 0, inClass = false; at < pattern.length; at += pattern[at] === '\\' ? 2 : 1) {
    const rest = pattern.slice(at)
    const found = REFUSED.find(([form]) => (!inClass || rest.startsWith('\\')) && form.test(rest))
    if (found) return found[1]
    const repeat = inClass ? null : /^\{(\d+)(?:,(\d*))?\}/.exec(rest)
    if (Math.max(Number(repeat?.[1] ?? 0), Number(repeat?.[2] ?? 0)) > REPEAT_MAX)
      return `it repeats more than ${REPEAT_MAX} times`
    if (rest.startsWith('[')) inClass = true
    if (rest.startsWith(']')) inClass = false
  }
  try {
    new RegExp(pattern, 'u')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^.*: /, '') : 'it does not compile'
  }
}
