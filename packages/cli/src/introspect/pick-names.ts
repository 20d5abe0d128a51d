/** Names that the language takes, for names that it may refuse. */
import { snakeCase } from '../transfer/names.ts'

export type NamedThing = 'schema' | 'entity' | 'field'

const BYTES_MAX = 48
const RESERVED: Readonly<Record<NamedThing, readonly string[]>> = {
  schema: [],
  entity: ['rpc', 'query', 'batch'],
  field: [
    ...['tenant_id', 'self', 'current_user', 'tenant', 'select', 'order', 'limit', 'offset', 'columns'],
    ...['on_conflict', 'and', 'or', 'not', 'search', 'after'],
  ],
}
const SUFFIX: Readonly<Record<NamedThing, string>> = { schema: '_schema', entity: '_items', field: '_value' }

/**
 * The name itself where it is allowed and free, else the nearest that is.
 *
 * @param taken names given already; the new one is added.
 * @example pickName('field', 'Order', new Set()) // 'order_value'
 */
export function pickName(thing: NamedThing, name: string, taken: Set<string>): string {
  const snake = /^[a-z][a-z0-9_]*$/.test(name) ? name : snakeCase(name)
  const begun = /^[a-z]/.test(snake) && !snake.startsWith('pg_') ? snake : `${thing[0]}_${snake}`
  const free = RESERVED[thing].includes(begun) ? begun + SUFFIX[thing] : begun
  let picked = free.slice(0, BYTES_MAX)
  for (let n = 2; taken.has(picked); n++) picked = `${free.slice(0, BYTES_MAX - 1 - String(n).length)}_${n}`
  taken.add(picked)
  return picked
}
