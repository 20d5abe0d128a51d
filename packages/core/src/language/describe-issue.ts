/** Turns a valibot issue into a sentence of ours. */
import type * as v from 'valibot'
import type { Level } from './document.ts'
import { didYouMean } from './nearest-name.ts'
import { notBuiltKey, notBuiltType } from './not-built.ts'
import type { Path } from './path.ts'
import type { Report } from './problem-list.ts'

/** `path` is the issue's own, from the root. */
export function describeIssue(issue: v.BaseIssue<unknown>, path: Path): Report {
  const key = String(path.at(-1) ?? '')
  if (issue.type === 'never') return unknownKey(issue.message, key, path)
  if (issue.type === 'object_with_rest' && issue.expected !== 'Object') {
    return { path, code: 'MISSING_KEY', message: `\`${key}\` is missing` }
  }
  const type = key === 'type' ? notBuiltType(issue.input) : undefined
  if (type !== undefined) return { path, code: 'NOT_BUILT', message: type }
  if (issue.type === 'picklist' && typeof issue.input === 'string') {
    const options = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1] as string)
    const message = `expected ${issue.message}, found ${show(issue.input)}`
    return { path, code: 'UNKNOWN_VALUE', message, hint: () => didYouMean(String(issue.input), options) }
  }
  return { path, code: 'WRONG_TYPE', message: `expected ${issue.message}, found ${show(issue.input)}` }
}

/** `carried` is what `closed` put into the issue: the level, then the keys it knows. */
function unknownKey(carried: string, key: string, path: Path): Report {
  const [level = '', ...known] = carried.split('|')
  const unbuilt = notBuiltKey(level as Level, key)
  if (unbuilt !== undefined) return { path, at: 'key', code: 'NOT_BUILT', message: unbuilt }
  const message = `${/^[aeiou]/.test(level) ? 'an' : 'a'} ${level} has no \`${clip(key)}\``
  const hint = (): string => didYouMean(key, known) ?? `it knows ${known.join(', ')}`
  return { path, at: 'key', code: 'UNKNOWN_KEY', message, hint }
}

/** A value as it may stand in a message. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `"${clip(value)}"` : clip(String(value))
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
