/** The garden in memory: what every tenant must see, worked out by nothing of the product's own. */
import { type Condition, holds, type Row, type Value } from './conditions.ts'

export type Entity = 'beds' | 'plants' | 'leaves'

export const FIELDS: Readonly<Record<Entity, readonly string[]>> = {
  beds: ['code', 'size'],
  plants: ['number', 'label', 'height', 'bed_code'],
  leaves: ['plant_number', 'position', 'colour'],
}
export const KEYS: Readonly<Record<Entity, readonly string[]>> = {
  beds: ['code'],
  plants: ['number'],
  leaves: ['plant_number', 'position'],
}
const UNIQUE: Readonly<Record<Entity, readonly (readonly string[])[]>> = {
  beds: [['code']],
  plants: [['number'], ['label']],
  leaves: [['plant_number', 'position']],
}
interface Reference {
  readonly from: Entity
  readonly field: string
  readonly to: Entity
  readonly key: string
  readonly onDelete: 'cascade' | 'set_null'
}
export const REFERENCES: readonly Reference[] = [
  { from: 'plants', field: 'bed_code', to: 'beds', key: 'code', onDelete: 'set_null' },
  { from: 'leaves', field: 'plant_number', to: 'plants', key: 'number', onDelete: 'cascade' },
]

export type Outcome = { readonly rows: readonly Row[] } | { readonly error: '23505' | '23503' }

/** The rows of one tenant. */
export interface Garden {
  readonly tables: Record<Entity, readonly Row[]>
}

export function createGarden(): Garden {
  return { tables: { beds: [], plants: [], leaves: [] } }
}

/** All or nothing: uniqueness is judged before references, as Postgres does. */
export function insert(garden: Garden, entity: Entity, rows: readonly Row[]): Outcome {
  return replace(garden, entity, [...garden.tables[entity], ...rows], rows)
}

export function update(garden: Garden, entity: Entity, condition: Condition, change: Row): Outcome {
  const changed: Row[] = []
  const table = garden.tables[entity].map((row) => {
    if (holds(condition, row) !== true) return row
    const next = { ...row, ...change }
    changed.push(next)
    return next
  })
  return replace(garden, entity, table, changed)
}

export function remove(garden: Garden, entity: Entity, condition: Condition): Outcome {
  const gone = garden.tables[entity].filter((row) => holds(condition, row) === true)
  garden.tables[entity] = garden.tables[entity].filter((row) => !gone.includes(row))
  for (const reference of REFERENCES.filter(({ to }) => to === entity)) {
    const points = (row: Row): boolean => gone.some((target) => target[reference.key] === row[reference.field])
    const table = garden.tables[reference.from]
    garden.tables[reference.from] =
      reference.onDelete === 'cascade'
        ? table.filter((row) => !points(row))
        : table.map((row) => (points(row) ? { ...row, [reference.field]: null } : row))
  }
  return { rows: gone }
}

function replace(garden: Garden, entity: Entity, table: readonly Row[], touched: readonly Row[]): Outcome {
  if (UNIQUE[entity].some((set) => hasDuplicates(table, set))) return { error: '23505' }
  const dangling = REFERENCES.filter(({ from }) => from === entity).some(({ field, to, key }) =>
    touched.some((row) => row[field] !== null && !garden.tables[to].some((target) => target[key] === row[field])),
  )
  if (dangling) return { error: '23503' }
  garden.tables[entity] = table
  return { rows: touched }
}

function hasDuplicates(table: readonly Row[], set: readonly string[]): boolean {
  const seen = new Set<string>()
  for (const row of table) {
    const values = set.map((field) => row[field] ?? null)
    if (values.includes(null)) continue
    const text = JSON.stringify(values)
    if (seen.has(text)) return true
    seen.add(text)
  }
  return false
}

/** Rows in the order of their keys. */
export function sorted(entity: Entity, rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => {
    for (const field of KEYS[entity]) {
      const order = compare(a[field] ?? null, b[field] ?? null)
      if (order !== 0) return order
    }
    return 0
  })
}

function compare(a: Value, b: Value): number {
  return a === b ? 0 : (a ?? 0) < (b ?? 0) ? -1 : 1
}
