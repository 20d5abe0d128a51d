/** A pattern as a tree. The syntax is what RE2 and JavaScript (with the flag `u`) have in common: groups, repeats, sets. */

export type PatternTree =
  /** One character of a set, which is a regular expression of JavaScript for that one character. */
  | { readonly kind: 'set'; readonly set: string }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternTree[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternTree[] }
  | { readonly kind: 'repeat'; readonly part: PatternTree; readonly min: number; readonly max: number }

export type Assertion = '^' | '$' | '\\b' | '\\B'

const TOKEN = /\(\?:|\[(?:\\.|[^\\\]])*\]|\\[pP]\{[^}]*\}|\\x[\da-fA-F]{2}|\\.|\{\d+(?:,\d*)?\}\??|[*+?]\??|./gsu
const ASSERTIONS: ReadonlySet<string> = new Set<Assertion>(['^', '$', '\\b', '\\B'])

/**
 * Reads a pattern that is known to be well formed: `patternFault` of the language has found nothing, and so it has been
 * published.
 *
 * @example parsePattern('a*') // { kind: 'repeat', part: { kind: 'set', set: 'a' }, min: 0, max: Infinity }
 */
export function parsePattern(pattern: string): PatternTree {
  const tokens = pattern.match(TOKEN) ?? []
  let at = 0

  function choice(): PatternTree {
    const options = [sequence()]
    while (tokens[at] === '|') {
      at++
      options.push(sequence())
    }
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options }
  }

  function sequence(): PatternTree {
    const parts: PatternTree[] = []
    while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') parts.push(repeated(single()))
    return { kind: 'sequence', parts }
  }

  function single(): PatternTree {
    const token = tokens[at++] as string // sequence() has seen that there is one
    if (ASSERTIONS.has(token)) return { kind: 'assertion', assertion: token as Assertion }
    if (token !== '(' && token !== '(?:') return { kind: 'set', set: asSet(token) }
    const group = choice()
    at++
    return group
  }

  /** Greedy or not: whether there is a match is the same. */
  function repeated(part: PatternTree): PatternTree {
    const bounds = readBounds(tokens[at] ?? '')
    if (!bounds) return part
    at++
    return { kind: 'repeat', part, ...bounds }
  }

  return choice()
}

function readBounds(token: string): { readonly min: number; readonly max: number } | null {
  if (/^[*+?]\??$/.test(token)) return { min: token[0] === '+' ? 1 : 0, max: token[0] === '?' ? 1 : Infinity }
  const [, min, comma, max] = /^\{(\d+)(?:(,)(\d*))?\}/.exec(token) ?? []
  if (min === undefined) return null
  return { min: Number(min), max: comma === undefined ? Number(min) : max === '' ? Infinity : Number(max) }
}

/** RE2's white space is ASCII's, without the vertical tab; nothing else of the common syntax means two things. */
const SPACE = '\\t\\n\\f\\r '
const NO_SPACE = '\\0-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}'

function asSet(token: string): string {
  if (token === '.') return '[^\\n]'
  const translated = token.replace(/\\(.)/gsu, (escaped, letter) =>
    letter === 's' ? SPACE : letter === 'S' ? NO_SPACE : escaped,
  )
  return translated === token || token.startsWith('[') ? translated : `[${translated}]`
}
