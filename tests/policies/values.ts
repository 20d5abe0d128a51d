/** The values that rows, rules and filters are made of: so few that they keep meeting. */
import type { Random } from './random.ts'
import { type EntityName, fieldOf, STATUSES, type Value } from './world.ts'

/** The callers' ids, and those of the people in the data. */
export const UIDS: readonly string[] = [1, 2, 3, 4, 5].map((n) => `018f0000-0000-7000-8000-00000000000${n}`)
/** An id of no uuid's form, as a service may have. */
export const ROBOT = 'robot'

const NAMES = ['ash', 'birch', 'cedar', 'elm']
const CODES = ['A', 'B', 'C', 'D', 'E']
const LABELS = ['fern', 'fig', 'ivy', 'moss', 'oak', 'pine', 'reed', 'rose']

const POOLS: Readonly<Record<string, readonly Exclude<Value, null>[]>> = {
  code: CODES,
  company_code: CODES,
  name: NAMES,
  firm: NAMES,
  note: NAMES,
  label: LABELS,
  tag: LABELS.map((label) => `${label}#`),
  badge: NAMES.map((name) => `${name}/A`),
  status: STATUSES,
  created_by: [...UIDS, ROBOT],
  number: [1, 2, 3, 4, 5, 6, 7, 8],
  project_number: [1, 2, 3, 4, 5, 6, 7, 8],
  revision: [1, 2, 3],
  total: [1, 2, 3, 4, 5, 6],
  done: [true, false],
  meta: [{ colour: 'red', grade: 1 }, { colour: 'blue', grade: 2 }, { colour: null }, {}],
}
const SMALL = [0, 1, 2, 3, 4]

/** A value that the field may have; never null. */
export function someValue(random: Random, entity: EntityName, field: string): Exclude<Value, null> {
  const pool = POOLS[field] ?? (fieldOf(entity, field).type === 'uuid' ? UIDS : SMALL)
  return random.pick(pool)
}
