/** A table on its way to an entity: its names, its key, and what of it is the platform's. */
import type { PgColumn, PgTable } from './catalogue.ts'
import { pickName } from './pick-names.ts'

export interface TablePlan {
  readonly table: PgTable
  readonly entity: string
  /** Column → field, of the columns that become fields, the generated key included. */
  readonly fields: ReadonlyMap<string, string>
  /** The columns of the key, in order; null where the key is generated and stands in no column. */
  readonly key: readonly string[] | null
  /** Whether the key is `id`, made by the platform: it is not declared. */
  readonly isGenerated: boolean
  /** System fields that the table has as the platform makes them. */
  readonly system: ReadonlySet<string>
}

/** Tells the reader of the schema what is not as it was. */
export type Note = (text: string) => void

export const SYSTEM_FIELDS = ['created_at', 'updated_at', 'created_by', 'revision'] as const

/** Types whose values can be keys. */
const KEY_TYPES = /^(?:int[248]|text|varchar|bpchar|citext|numeric|bool|date|time|timestamp|timestamptz|uuid|name)$/

/** Plans all tables: names first, since they refer to each other. */
export function planTables(tables: readonly PgTable[], note: Note): readonly TablePlan[] {
  const taken = new Set<string>()
  return tables.map((table) => {
    const entity = pickName('entity', table.name, taken)
    if (entity !== table.name) note(`table "${table.name}" is the entity ${entity}`)
    return planTable(table, entity, note)
  })
}

function planTable(table: PgTable, entity: string, note: Note): TablePlan {
  const system = new Set<string>(SYSTEM_FIELDS.filter((name) => table.isOurs && hasSystemField(table, name)))
  const key = findKey(table, note)
  const only = key?.length === 1 ? table.columns.find((column) => column.name === key[0]) : undefined
  const isGenerated = key === null || (only?.name === 'id' && only.type === 'uuid' && isPlainKey(table, only))
  // A generated key is named `id`, which no other column may then be.
  const taken = new Set<string>(key === null ? ['id'] : [])
  const fields = new Map<string, string>()
  for (const column of table.columns) {
    if (system.has(column.name)) continue
    if (column.type === 'tsvector') {
      note(`${entity}: "${column.name}" (tsvector) is left out: full-text search is built from the fields it searches`)
      continue
    }
    const field = pickName('field', column.name, taken)
    if (field !== column.name) note(`${entity}: column "${column.name}" is the field ${field}`)
    fields.set(column.name, field)
  }
  return { table, entity, fields, key, isGenerated, system }
}

/** As the platform makes them; a column of that name with another meaning is a field like any other. */
function hasSystemField(table: PgTable, name: string): boolean {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (!column || column.isList || column.isIdentity || isChecked(table, name)) return false
  const { type, notNull, default: value } = column
  if (name === 'created_by') return type === 'text' && !notNull && value === null
  if (name === 'revision') return type === 'int8' && notNull && value === '1'
  return type === 'timestamptz' && notNull && value === 'now()'
}

function isChecked(table: PgTable, column: string): boolean {
  return table.constraints.some(({ kind, columns }) => kind === 'c' && columns.includes(column))
}

/** A uuid that refers to nothing and means nothing else. */
function isPlainKey(table: PgTable, column: PgColumn): boolean {
  const used = table.constraints.some(({ kind, columns }) => kind === 'f' && columns.includes(column.name))
  return (
    !used &&
    !isChecked(table, column.name) &&
    (column.default === null || /^gen_random_uuid\(\)|^(?:\w+\.)?uuid/.test(column.default))
  )
}

/** The primary key; without one, a unique set that is never null. */
function findKey(table: PgTable, note: Note): readonly string[] | null {
  const primary = table.constraints.find(({ kind }) => kind === 'p')?.columns
  const uniques = [
    ...table.constraints.filter(({ kind }) => kind === 'u').map(({ columns }) => columns),
    ...table.indexes.filter(({ isUnique, isPlain }) => isUnique && isPlain).map(({ columns }) => columns),
  ]
  const candidates = primary ? [primary] : uniques
  const found = candidates.find((columns) => columns.length > 0 && columns.every((name) => isKeyColumn(table, name)))
  if (found) {
    if (!primary) note(`table "${table.name}" has no primary key: its unique (${found.join(', ')}) is the key`)
    return found
  }
  const why = primary ? `the key (${primary.join(', ')}) is of a type that cannot be one` : 'it has no key'
  note(`table "${table.name}": ${why}; a generated id is the key`)
  return null
}

function isKeyColumn(table: PgTable, name: string): boolean {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (!column?.notNull || column.isList) return false
  return column.values !== null || KEY_TYPES.test(column.type)
}
