/** `order=created_at.desc.nullslast,company(name)`: as written. */
import type { Order } from '@backsaas/core'
import { takePath, type WrittenPath } from './parse-path.ts'
import { atEnd, expect, fail, scan, take, takeName } from './scanner.ts'

export interface WrittenOrder {
  readonly path: WrittenPath
  /** The alias of a to-one embed whose field is meant. */
  readonly embed: string | null
  readonly direction: Order['direction']
  readonly nulls: NonNullable<Order['nulls']> | null
}

const WHAT = 'order'

/** @throws `PGRST100` (400). */
export function parseOrder(text: string): readonly WrittenOrder[] {
  const s = scan(text)
  const items: WrittenOrder[] = []
  do {
    while (take(s, ' '));
    let path = takePath(s, WHAT)
    let embed: string | null = null
    if (path.json.length === 0 && take(s, '(')) {
      embed = path.field
      path = takePath(s, WHAT)
      expect(s, ')', WHAT)
    }
    let direction: Order['direction'] = 'asc'
    let nulls: WrittenOrder['nulls'] = null
    while (take(s, '.')) {
      const word = takeName(s, WHAT)
      if (word === 'asc' || word === 'desc') direction = word
      else if (word === 'nullsfirst') nulls = 'first'
      else if (word === 'nullslast') nulls = 'last'
      else throw fail(s, WHAT, 'asc, desc, nullsfirst or nullslast')
    }
    items.push({ path, embed, direction, nulls })
  } while (take(s, ','))
  if (!atEnd(s)) throw fail(s, WHAT, '"," or the end')
  return items
}
