/** What the database itself keeps whole: keys, unique fields, references and what happens when rows go. */
import { ENTITIES, type EntityName, REFERENCES, type Row, type Tables, type Value } from './world.ts'

export type Violation = '23505' | '23503'

export function keyOf(entity: EntityName, row: Row): string {
  return JSON.stringify(ENTITIES[entity].key.map((field) => row[field] ?? null))
}

/** What is wrong with a table in which these rows are new or changed. */
export function violations(tables: Tables, entity: EntityName, touched: readonly Row[]): readonly Violation[] {
  const sets = [ENTITIES[entity].key, ...ENTITIES[entity].unique]
  const duplicate = sets.some((set) => hasDuplicates(tables[entity], set))
  const dangling = REFERENCES.filter(({ from }) => from === entity).some(({ field, to, key }) =>
    touched.some((row) => isSet(row[field]) && !tables[to].some((target) => target[key] === row[field])),
  )
  return [...(duplicate ? ['23505' as const] : []), ...(dangling ? ['23503' as const] : [])]
}

function hasDuplicates(rows: readonly Row[], set: readonly string[]): boolean {
  const seen = new Set<string>()
  for (const row of rows) {
    const values = set.map((field) => row[field] ?? null)
    if (values.includes(null)) continue
    const text = JSON.stringify(values)
    if (seen.has(text)) return true
    seen.add(text)
  }
  return false
}

/** @param gone rows of `tables` themselves. */
export function removeRows(tables: Tables, entity: EntityName, gone: readonly Row[]): Tables {
  if (gone.length === 0) return tables
  let left: Tables = { ...tables, [entity]: tables[entity].filter((row) => !gone.includes(row)) }
  for (const { from, field, to, key, onDelete } of REFERENCES) {
    if (to !== entity) continue
    const points = (row: Row): boolean => isSet(row[field]) && gone.some((target) => target[key] === row[field])
    const pointing = left[from].filter(points)
    left =
      onDelete === 'cascade'
        ? removeRows(left, from, pointing)
        : { ...left, [from]: left[from].map((row) => (points(row) ? { ...row, [field]: null } : row)) }
  }
  return left
}

function isSet(value: Value | undefined): boolean {
  return value !== null && value !== undefined
}
