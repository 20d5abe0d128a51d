/** The one shape of a read: nothing at the top level but scalar sub-selects over `backsaas.enter`. */

const SHAPE = /^select (?<targets>\(\)( as \w+)?(, \(\)( as \w+)?)*) from backsaas\.enter\(\) as x\(\)$/

/** What is wrong with a read's statement; null where it has the tested shape. */
export function shapeProblem(text: string): string | null {
  const top = topLevel(text)
  if (top === null) return 'its parentheses do not match'
  if (!SHAPE.test(top)) return `its top level is: ${top}`
  const targets = contents(text).slice(0, -2)
  const scalar = targets.every((target) => /^\s*select\s/.test(target))
  return scalar ? null : 'a target is no sub-select'
}

/** The text with everything inside its outermost parentheses left out, and blanks made one. */
export function topLevel(text: string): string | null {
  let top = ''
  let depth = 0
  for (const token of tokens(text)) {
    if (token === ')') depth--
    if (depth < 0) return null
    if (depth === 0) top += token
    if (token === '(') depth++
  }
  return depth === 0 ? top.replace(/\s+/g, ' ').trim() : null
}

/** What stands inside each of the outermost parentheses. */
function contents(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const token of tokens(text)) {
    if (token === ')' && --depth === 0) parts.push(part)
    if (depth > 0) part += token
    if (token === '(' && depth++ === 0) part = ''
  }
  return parts
}

/** Parentheses one by one; quoted names and literals, dollar quotes and comments whole, as they hide what is in them. */
function tokens(text: string): readonly string[] {
  return text.match(/"(?:[^"]|"")*"|[eE]?'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|[()]|[^"'()\-/]+|[\s\S]/g) ?? []
}
