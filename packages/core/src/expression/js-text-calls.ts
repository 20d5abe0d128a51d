/** Functions of texts and lists in JS. Positions and lengths count code points. */
import type { CallName } from '../contracts/expression.ts'
import type { Apply } from './js-number-calls.ts'
import { asInt, asList, asText, type Value } from './value.ts'

/** What `trim` takes away: the white space of Unicode. */
export const WHITE_SPACE: string =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'

export const TEXT_CALLS: Readonly<Partial<Record<CallName, Apply>>> = {
  size: ([value = null]) => BigInt(sizeOf(value)),
  contains: ([text = null, part = null]) => asText(text).includes(asText(part)),
  startsWith: ([text = null, part = null]) => asText(text).startsWith(asText(part)),
  endsWith: ([text = null, part = null]) => asText(text).endsWith(asText(part)),
  lowerAscii: ([text = null]) => asText(text).replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  upperAscii: ([text = null]) => asText(text).replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  trim: ([text = null]) => trim(asText(text)),
  split: ([text = null, separator = null]) => split(asText(text), asText(separator)),
  join: ([list = null, separator = '']) =>
    asList(list)
      .filter((item) => item !== null)
      .join(asText(separator)),
  replace: ([text = null, from = null, to = null]) => asText(text).replaceAll(asText(from), () => asText(to)),
  substring: ([text = null, from = null, to]) => {
    const points = [...asText(text)]
    return points.slice(clamp(from), to === undefined ? points.length : clamp(to)).join('')
  },
  indexOf: ([text = null, part = null]) => indexOf(asText(text), asText(part)),
  charAt: ([text = null, at = null]) => (asInt(at) < 0n ? null : ([...asText(text)][clamp(at)] ?? null)),
}

function sizeOf(value: Value): number {
  if (typeof value === 'string') return [...value].length
  return value instanceof Uint8Array ? value.length : asList(value).length
}

function trim(text: string): string {
  let [begin, end] = [0, text.length]
  while (begin < end && WHITE_SPACE.includes(text.charAt(begin))) begin++
  while (end > begin && WHITE_SPACE.includes(text.charAt(end - 1))) end--
  return text.slice(begin, end)
}

function split(text: string, separator: string): string[] {
  if (text === '') return []
  return separator === '' ? [...text] : text.split(separator)
}

function indexOf(text: string, part: string): bigint {
  const at = text.indexOf(part)
  return BigInt(at < 0 ? -1 : [...text.slice(0, at)].length)
}

/** A position as a number from 0; what is beyond any text stays beyond it. */
function clamp(position: Value): number {
  const at = asInt(position)
  return at < 0n ? 0 : at > 1_000_000_000n ? 1_000_000_000 : Number(at)
}
