/** Which rows of the result a read asks for: `limit` and `offset`, or a `Range` header, never more than a page. */
import type { Query } from '@backsaas/core'
import { notSatisfiable } from './dialect-errors.ts'
import type { Params } from './params.ts'
import { readCount, type SplitQuery } from './split-query.ts'

/**
 * @throws `PGRST103` (416) where the Range header ends before it begins, or has nothing in common with limit and offset.
 * @example readRange(split, headers, 1000, params) // Range: 10-19 → offset 10, limit 10
 */
export function readRange(
  split: SplitQuery,
  headers: Headers,
  maxRows: number,
  params: Params,
): { offset: number; query: Partial<Query> } {
  const range = parseRange(headers)
  const limitText = rootOf(split.limits)
  const first = Number(readOptional(rootOf(split.offsets), 'offset') ?? 0)
  const limit = readOptional(limitText, 'limit')
  // Both may be given: then what lies in both is meant.
  const offset = Math.max(first, range.first)
  const end = Math.min(limit === null ? Number.POSITIVE_INFINITY : first + limit, range.end)
  if (end < offset || (end === offset && limit !== 0)) throw notSatisfiable(BOUNDARIES)
  const rows = Math.min(end - offset, maxRows)
  return {
    offset,
    query: { limit: params.add(String(rows)), ...(offset > 0 ? { offset: params.add(String(offset)) } : {}) },
  }
}

function readOptional(text: string | undefined, what: string): number | null {
  return text === undefined ? null : readCount(text, what)
}

function rootOf(list: SplitQuery['limits']): string | undefined {
  return list.find((item) => item.embed.length === 0)?.text
}

/** `Range: 0-24`, in the unit `items`; a range of bytes is someone else's and ignored, as RFC 9110 has it. */
function parseRange(headers: Headers): { first: number; end: number } {
  const match = /^(\d{1,15})-(\d{1,15})?$/.exec(headers.get('range')?.trim() ?? '')
  if (!match || (headers.get('range-unit') ?? 'items') !== 'items') return { first: 0, end: Number.POSITIVE_INFINITY }
  const first = Number(match[1])
  const end = match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2]) + 1
  if (end <= first) throw notSatisfiable(BOUNDARIES)
  return { first, end }
}

const BOUNDARIES = 'The lower boundary must be lower than or equal to the upper boundary in the Range header.'
