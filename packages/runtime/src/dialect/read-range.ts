/** Which rows of the result a read asks for: `limit` and `offset`, or a `Range` header, never more than a page. */
import { BackSaasError, type Query } from '@backsaas/core'
import type { Params } from './params.ts'
import { readCount, type SplitQuery } from './split-query.ts'

/**
 * @throws `PGRST103` (416) where the Range header ends before it begins.
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
  const offsetText = rootOf(split.offsets)
  const limit = Math.min(limitText === undefined ? maxRows : readCount(limitText, 'limit'), range.limit, maxRows)
  const offset = offsetText === undefined ? range.offset : readCount(offsetText, 'offset')
  return {
    offset,
    query: { limit: params.add(String(limit)), ...(offset > 0 ? { offset: params.add(String(offset)) } : {}) },
  }
}

function rootOf(list: SplitQuery['limits']): string | undefined {
  return list.find((item) => item.embed.length === 0)?.text
}

/** `Range: 0-24`, in the unit `items`; a range of bytes is someone else's and ignored, as RFC 9110 has it. */
function parseRange(headers: Headers): { offset: number; limit: number } {
  const match = /^(\d{1,15})-(\d{1,15})?$/.exec(headers.get('range')?.trim() ?? '')
  if (!match || (headers.get('range-unit') ?? 'items') !== 'items')
    return { offset: 0, limit: Number.POSITIVE_INFINITY }
  const first = Number(match[1])
  const last = match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2])
  if (last < first)
    throw new BackSaasError('PGRST103', 416, 'Requested range not satisfiable', {
      details: 'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
    })
  return { offset: first, limit: last - first + 1 }
}
