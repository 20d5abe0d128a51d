/** A member of a JSON object as it was written: every digit and blank of it. */

/**
 * @param json the text of an object, known to parse.
 * @returns the text of the last member of that name, as `JSON.parse` would take it; null where there is none.
 * @example memberText('{"source": {"a": 1.0}}', 'source') // '{"a": 1.0}'
 */
export function memberText(json: string, name: string): string | null {
  let found: string | null = null
  let at = json.indexOf('{') + 1
  while (at < json.length) {
    const keyStart = json.indexOf('"', at)
    if (keyStart === -1) return found
    const keyEnd = endOfString(json, keyStart)
    const valueStart = json.indexOf(':', keyEnd) + 1
    const valueEnd = endOfValue(json, valueStart)
    if (JSON.parse(json.slice(keyStart, keyEnd)) === name) found = json.slice(valueStart, valueEnd).trim()
    at = valueEnd + 1
  }
  return found
}

/** Behind the closing quote. */
function endOfString(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    if (json[i] === '\\') i++
    else if (json[i] === '"') return i + 1
  }
  return json.length
}

/** The comma or brace that ends the member. */
function endOfValue(json: string, start: number): number {
  let depth = 0
  for (let i = start; i < json.length; i++) {
    const sign = json[i]
    if (sign === '"') i = endOfString(json, i) - 1
    else if (sign === '{' || sign === '[') depth++
    else if ((sign === '}' || sign === ',') && depth === 0) return i
    else if (sign === '}' || sign === ']') depth--
  }
  return json.length
}
