/** Where a character of a YAML text's value stands in its source: between them are quotes, escapes, folds and indents. */

/** The ways to write a text in YAML, as the parser names them. */
export type ScalarStyle = 'PLAIN' | 'QUOTE_SINGLE' | 'QUOTE_DOUBLE' | 'BLOCK_LITERAL' | 'BLOCK_FOLDED'

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '0': '\0', a: '\x07', b: '\b', e: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029' },
}
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/**
 * The offset in `source` of the character at `offset` in `value`. Folding and indentation change white space alone, so
 * what else there is can be counted. A place in white space, or at the end, is the one after the character before it.
 *
 * @param source the scalar as written, with its quotes or its block's first line.
 * @example scalarOffset("'it''s'", 'QUOTE_SINGLE', "it's", 3) // 5
 */
export function scalarOffset(source: string, style: ScalarStyle, value: string, offset: number): number {
  const before = visible(value.slice(0, offset))
  const isVisible = offset < value.length && visible(value.charAt(offset)) === 1
  const wanted = isVisible ? before : before - 1
  const isQuoted = style === 'QUOTE_SINGLE' || style === 'QUOTE_DOUBLE'
  const begin = style.startsWith('BLOCK') ? source.indexOf('\n') + 1 : isQuoted ? 1 : 0
  const end = isQuoted ? source.length - 1 : source.length
  for (let at = begin, seen = 0; at < end; ) {
    const unit = readUnit(source, at, style)
    seen += visible(unit.text)
    if (seen > wanted) return isVisible || wanted < 0 ? at : at + unit.length
    at += unit.length
  }
  return begin
}

/** How many code units of a text are no white space. */
function visible(text: string): number {
  return text.replace(/\s/g, '').length
}

/** What stands at `at`: one code unit, or an escape that means another text. */
function readUnit(source: string, at: number, style: ScalarStyle): { readonly text: string; readonly length: number } {
  const unit = source.charAt(at)
  if (style === 'QUOTE_SINGLE' && unit === "'") return { text: unit, length: 2 }
  if (style !== 'QUOTE_DOUBLE' || unit !== '\\') return { text: unit, length: 1 }
  const name = source.charAt(at + 1)
  const digits = HEX_LENGTHS[name]
  if (digits === undefined) return { text: ESCAPES[name] ?? name, length: 2 }
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16)
  return { text: code <= 0x10ffff ? String.fromCodePoint(code) : '', length: 2 + digits }
}
