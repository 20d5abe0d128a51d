/** One column → one field, as it stands in a schema document. */
import type { Json } from '@backsaas/core'
import type { PgColumn, PgTable } from './catalogue.ts'
import { chooseType, modifiersOf } from './field-type.ts'
import { type Facts, INT4, joinFacts, readCheck } from './read-check.ts'
import { readDefault } from './read-default.ts'
import type { Note, TablePlan } from './table-plan.ts'

/** The keys of a field, in the order in which they are written. */
export interface FieldDocument {
  type?: string
  list?: true
  identity?: true
  to?: string
  as?: string
  required?: true
  unique?: true
  on_delete?: string
  values?: readonly string[]
  precision?: number
  scale?: number
  min?: number | string
  max?: number | string
  default?: Json
  description?: string
}

/** The field of `column`; what cannot be said is noted. */
export function buildField(plan: TablePlan, column: PgColumn, note: Note): FieldDocument {
  const say: Note = (text) => note(`${plan.entity}.${plan.fields.get(column.name)} ${text}`)
  const isKey = plan.key?.includes(column.name) ?? false
  const facts = readFacts(plan.table, column, say)
  const field = typed(plan.table, column, facts, say)
  if (column.isList) field.list = true
  if (column.isList && column.dimensions > 1)
    say(`had ${column.dimensions} dimensions and is a plain list now: rows with lists in it are refused`)
  for (const check of column.domainChecks) say(`loses a check of its domain: ${check}`)
  if (column.isGenerated) say('was computed by the database and is a plain field now')
  if (isCounted(column)) {
    if (isKey && !column.isList) Object.assign(field, { type: 'bigint', identity: true })
    else say('was numbered by the database and is not any more')
    if (isKey) bound(field, facts, INT4)
  }
  if (column.notNull && !isKey) field.required = true
  if (column.default !== null && !isCounted(column)) addDefault(field, column, plan, say)
  if (column.comment) field.description = column.comment
  return field
}

/** An identity column, or one with a sequence for its default. */
function isCounted(column: PgColumn): boolean {
  return column.isIdentity || (column.default?.startsWith('nextval(') ?? false)
}

/** What the checks of this column alone say together. */
function readFacts(table: PgTable, column: PgColumn, say: Note): Facts {
  const isWhole = /^int[248]$/.test(column.type)
  let facts: Facts = {}
  for (const { kind, columns, check } of table.constraints) {
    if (kind !== 'c' || check === null || columns.length !== 1 || columns[0] !== column.name) continue
    const found = readCheck(check, column.name, isWhole)
    if (found) facts = joinFacts(facts, found)
    else say(`loses a check: ${check}`)
  }
  return facts
}

function typed(table: PgTable, column: PgColumn, facts: Facts, say: Note): FieldDocument {
  const { type, remark } = chooseType(column)
  if (remark !== undefined) say(remark)
  switch (type) {
    case 'enum':
      return { type, values: column.values ?? [] }
    case 'string':
    case 'text': {
      const values = facts.values
      if (values && values.length > 0 && !values.includes('')) return { type: 'enum', values: [...new Set(values)] }
      if (values) say(`loses a check: one of ${values.map((value) => JSON.stringify(value)).join(', ')}`)
      const [length] = /^(?:varchar|bpchar)$/.test(column.type) ? modifiersOf(column.formatted) : []
      const limited = column.isList || length === undefined ? facts : joinFacts(facts, { max: String(length) })
      return bound({ type: table.isOurs ? 'string' : type }, limited, null)
    }
    case 'integer':
    case 'bigint': {
      const isInt4 = facts.min !== undefined && facts.max !== undefined && isWithinInt4(facts)
      const whole = type === 'integer' || (table.isOurs && isInt4) ? 'integer' : 'bigint'
      return bound({ type: whole }, facts, whole === 'integer' ? INT4 : null)
    }
    case 'decimal':
      return decimal(column, facts, say)
    case 'float':
      return bound({ type }, facts, null)
    default:
      return bound({ type }, column.isList ? facts : {}, null)
  }
}

function isWithinInt4({ min, max }: Facts): boolean {
  return Number(min) >= Number(INT4.min) && Number(max) <= Number(INT4.max)
}

/** Bounds that a type has by itself are not said again. */
function bound(field: FieldDocument, { min, max }: Facts, own: { min: string; max: string } | null): FieldDocument {
  delete field.min
  delete field.max
  if (min !== undefined && min !== own?.min) field.min = asNumber(min)
  if (max !== undefined && max !== own?.max) field.max = asNumber(max)
  return field
}

function asNumber(text: string): number | string {
  return String(Number(text)) === text ? Number(text) : text
}

function decimal(column: PgColumn, facts: Facts, say: Note): FieldDocument {
  const [precision = (facts.digits ?? Number.NaN) + (facts.scale ?? 0), scale = facts.scale ?? 0] = modifiersOf(
    column.formatted,
  )
  const field: FieldDocument = { type: 'decimal' }
  if (scale < 0 || scale > precision) say(`was ${column.formatted} and has no such limit now`)
  else if (!Number.isNaN(precision)) Object.assign(field, { precision, ...(scale > 0 && { scale }) })
  else if (facts.scale !== undefined) say(`loses its limit of ${facts.scale} places`)
  return bound(field, facts, null)
}

function addDefault(field: FieldDocument, column: PgColumn, plan: TablePlan, say: Note): void {
  const value = readDefault(column.default ?? '', chosenType(field), column.isList)
  if (value !== undefined) field.default = value
  else if (!/^NULL\b/i.test(column.default ?? '') && !isMadeKey(column, plan))
    say(`loses its default: ${column.default}`)
}

function isMadeKey(column: PgColumn, { isGenerated, key }: TablePlan): boolean {
  return isGenerated && key?.[0] === column.name
}

function chosenType({ type }: FieldDocument): Parameters<typeof readDefault>[1] {
  return type as Parameters<typeof readDefault>[1] // set by `typed`, from the language's own types
}
