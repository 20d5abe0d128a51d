/** Holds what a document says to a function against the function's own shape, each problem at its place. */
import * as v from 'valibot'
import type { Json } from '../contracts/json.ts'
import { show } from './describe-issue.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'
import type { ProblemList } from './problem-list.ts'

/** Of one use: a tenant's configuration is kept in memory by every runtime. */
const CHARACTERS_MAX = 16_384

/**
 * @param what a phrase for messages: ``the parameters of `transform.slug` ``.
 * @returns what the shape made of it; undefined where something is wrong, which then is among the problems.
 */
export function checkParameters(
  given: unknown,
  shape: v.GenericSchema,
  at: { readonly path: Path; readonly what: string },
  problems: ProblemList,
): Json | undefined {
  const { path, what } = at
  if (charactersOf(given) > CHARACTERS_MAX) {
    const message = `${what} have at most ${CHARACTERS_MAX} characters`
    problems.report({ path, code: 'TOO_MANY_PARAMETERS', message })
    return undefined
  }
  const result = v.safeParse(shape, given)
  // A shape's output is JSON by the contract of `defineFunction`.
  if (result.success) return result.output as Json
  for (const issue of result.issues) {
    const inner = (issue.path ?? []).map((item) => item.key as string | number)
    problems.report({ path: [...path, ...inner], ...describe(issue, inner, what, shape) })
  }
  return undefined
}

function describe(
  issue: v.BaseIssue<unknown>,
  inner: Path,
  what: string,
  shape: v.GenericSchema,
): { at?: 'key'; code: string; message: string; hint?: string | undefined } {
  const key = String(inner.at(-1) ?? '')
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const known = keysAt(shape, inner.slice(0, -1))
    const hint = didYouMean(key, known) ?? (known.length > 0 ? `they are ${known.join(', ')}` : 'there are none')
    return { at: 'key', code: 'UNKNOWN_PARAMETER', message: `${what} have no \`${key.slice(0, 60)}\``, hint }
  }
  if (issue.type === 'strict_object' && issue.path?.at(-1)?.origin === 'key')
    return { code: 'MISSING_PARAMETER', message: `${what} need \`${key}\`` }
  const own = issue.expected === null || !issue.message.startsWith('Invalid ')
  const expected = own ? issue.message : `expected ${issue.expected}, found ${show(issue.input)}`
  return { code: 'WRONG_PARAMETER', message: `${what}${key === '' ? '' : `, \`${key}\``}: ${lowered(expected)}` }
}

/** The keys that the object at `path` may have, as far as the shape is made of plain objects. */
function keysAt(shape: unknown, path: Path): readonly string[] {
  let place = shape
  for (const step of path) {
    const { entries } = (place ?? {}) as { readonly entries?: Readonly<Record<string, unknown>> }
    const entry = entries && Object.hasOwn(entries, step) ? entries[step] : undefined
    // `optional` and its like wrap what they hold.
    place = (entry as { readonly wrapped?: unknown } | undefined)?.wrapped ?? entry
  }
  return Object.keys((place as { readonly entries?: object } | undefined)?.entries ?? {})
}

function charactersOf(given: unknown): number {
  return JSON.stringify(given, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))?.length ?? 0
}

function lowered(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1)
}
