/** JSON whose numbers keep every digit: a bigint or a decimal is written again as it was read. */

/** The part of JavaScript's `JSON` that the type library does not know yet. https://tc39.es/proposal-json-parse-with-source/ */
interface SourceJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): RawNumber
}

/** A number as its own text; `JSON.stringify` writes that text. */
export interface RawNumber {
  readonly rawJSON: string
}

const json = JSON as unknown as SourceJson // Node has both from 22 on

/** Digits that a double may not hold, or a form that it would not be written in again. */
const DOUBTFUL = /\d{15}|\d\.\d*0(?!\d)|\d[eE]/

/**
 * Parses JSON. A number that JavaScript would write differently (`0.90`, 9007199254740993) becomes a `RawNumber`.
 *
 * @throws `SyntaxError` as `JSON.parse` does.
 * @example JSON.stringify(parseExact('{"price":0.90}')) // '{"price":0.90}'
 */
export function parseExact(text: string): unknown {
  if (!DOUBTFUL.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactNumber(source) : value,
  )
}

/** The number that `source` is, or its text where that says more. */
export function exactNumber(source: string): number | RawNumber {
  const number = Number(source)
  return String(number) === source ? number : json.rawJSON(source)
}

/** A value as text, for a filter of a URL; null for null and for what is no scalar. */
export function scalarText(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && 'rawJSON' in value) return String(value.rawJSON)
  return value === null || value === undefined || typeof value === 'object' ? null : String(value)
}
