/** How events lie in a Redis stream, whoever speaks to it: one entry each, with the fields `id` and `event`. */
import { BackSaasError, type Cursor, type Event } from '@backsaas/core'

export interface StreamOptions {
  /** The key of the stream; default `backsaas:events`. One stream for all tenants: no key is made of a tenant's name. */
  readonly stream?: string
  /** About how many of the newest entries are kept; default 10,000. */
  readonly maxLength?: number
}

/** Newest first. `event` is null where the entry is none of ours. */
export interface StreamEntry {
  readonly entryId: string
  readonly event: Event | null
}

/** So few to begin with: who asks again and again has nearly all of them already. */
const FIRST_PAGE = 100
/** More than a relay sends at once, so that a batch sent twice does not hide what lies behind it. */
const PAGE = 1000

/** @throws `OPTION_INVALID` (500). */
export function checkStreamOptions({
  stream = 'backsaas:events',
  maxLength = 10_000,
}: StreamOptions): Required<StreamOptions> {
  if (stream === '' || stream.length > 500 || /\p{Cc}/u.test(stream)) {
    throw new BackSaasError('OPTION_INVALID', 500, 'stream must be a key of 1 to 500 characters')
  }
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new BackSaasError('OPTION_INVALID', 500, `maxLength must be a whole number above 0, not ${maxLength}`)
  }
  return { stream, maxLength }
}

/**
 * The events after a position. Entries lie in the order of their sending, some twice; so they are read from the newest
 * back, until all that follow the position have been seen.
 *
 * @param readPage entries before (and without) an entry, or the newest of all.
 */
export async function readBack(
  readPage: (before: string | null, count: number) => Promise<readonly StreamEntry[]>,
  after: Cursor,
  max: number,
): Promise<readonly Event[]> {
  if (max <= 0) return []
  const found = new Map<number, Event>()
  let known = false
  let before: string | null = null
  for (let count = FIRST_PAGE; ; count = PAGE) {
    const page = await readPage(before, count)
    let newer = 0
    for (const { event } of page) {
      const position = event?.position
      if (!event || position === undefined) continue
      if (position === after.position) known = true
      if (position <= after.position) continue
      newer++
      found.set(position, event)
    }
    keepLowest(found, max)
    if (page.length < count || isWhole(found, after.position, known)) break
    if (newer === 0 && count === PAGE) break
    before = page.at(-1)?.entryId ?? null
  }
  return inOrder(found).slice(0, max)
}

/** Whether nothing is missing between the position and what was found. */
function isWhole(found: ReadonlyMap<number, Event>, after: number, known: boolean): boolean {
  if (found.size === 0) return known
  for (let position = after + 1; position <= after + found.size; position++) if (!found.has(position)) return false
  return true
}

/** A stream that is much longer than what is asked for is not kept in memory. */
function keepLowest(found: Map<number, Event>, max: number): void {
  if (found.size <= max + PAGE) return
  for (const event of inOrder(found).slice(max)) found.delete(event.position ?? 0)
}

function inOrder(found: ReadonlyMap<number, Event>): Event[] {
  return [...found].sort(([a], [b]) => a - b).map(([, event]) => event)
}
