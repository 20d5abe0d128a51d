/** What a column may hold, as the predicate of its CHECK: physical types are broad, the meaning is narrower. */
import type { CompiledField } from '@backsaas/core'
import { PHYSICAL_TYPES } from '@backsaas/core'
import { identifier, literal } from './quote.ts'

/**
 * The predicate that every value of `field` in `column` meets, or null where the physical type says it all.
 * Nulls pass, as in any CHECK. `min` and `max` of a list count its items.
 *
 * @example checkPredicate({ name: 'age', type: 'integer', list: false, required: false, writable: true }, 'age')
 *   // '"age" between -2147483648 and 2147483647'
 */
export function checkPredicate(field: CompiledField, column: string): string | null {
  const c = identifier(column)
  const predicates = field.list ? listPredicates(field, c) : scalarPredicates(field, c)
  return predicates.length === 0 ? null : predicates.join(' and ')
}

function scalarPredicates(field: CompiledField, c: string): string[] {
  switch (field.type) {
    case 'enum':
      return [`${c} in (${(field.values ?? []).map(literal).join(', ')})`]
    case 'string':
    case 'text':
      return bounds(`char_length(${c})`, field, 'integer')
    case 'bytes':
      return bounds(`octet_length(${c})`, field, 'integer')
    case 'integer':
      return [`${c} between -2147483648 and 2147483647`, ...bounds(c, field, 'bigint')]
    case 'bigint':
      return bounds(c, field, 'bigint')
    case 'decimal':
      return [...decimalPredicates(field, c), ...bounds(c, field, 'numeric')]
    case 'float':
      return [...finite(c, 'double precision'), ...bounds(c, field, 'double precision')]
    default:
      return []
  }
}

/** JSON has no NaN and no infinity, so neither may be stored; with a precision the range excludes both. */
function decimalPredicates(field: CompiledField, c: string): string[] {
  const range =
    field.precision === undefined ? finite(c, 'numeric') : [`abs(${c}) < ${literal(limitOf(field))}::numeric`]
  return field.scale === undefined ? range : [...range, `${c} = round(${c}, ${field.scale})`]
}

function listPredicates(field: CompiledField, c: string): string[] {
  const physical = PHYSICAL_TYPES[field.type]
  const predicates = [`coalesce(array_ndims(${c}), 1) = 1`, ...bounds(`cardinality(${c})`, field, 'integer')]
  if (field.type === 'enum') {
    predicates.push(`${c} <@ array[${(field.values ?? []).map(literal).join(', ')}]::text[]`)
  } else if (field.type === 'integer') {
    predicates.push(`-2147483648 <= all (${c})`, `2147483647 >= all (${c})`)
  } else if (field.type === 'float') {
    predicates.push(...finiteItems(c, physical))
  } else if (field.type === 'decimal') {
    const limit = literal(limitOf(field))
    if (field.precision === undefined) predicates.push(...finiteItems(c, physical))
    else predicates.push(`${limit}::numeric > all (${c})`, `-(${limit}::numeric) < all (${c})`)
    if (field.scale !== undefined) predicates.push(`${c} = ${c}::numeric(1000, ${field.scale})[]`)
  }
  return predicates
}

function bounds(expression: string, field: CompiledField, type: string): string[] {
  const predicates: string[] = []
  if (field.min !== undefined) predicates.push(`${expression} >= ${literal(String(field.min))}::${type}`)
  if (field.max !== undefined) predicates.push(`${expression} <= ${literal(String(field.max))}::${type}`)
  return predicates
}

function finite(c: string, type: string): string[] {
  return [`${c} > '-Infinity'::${type}`, `${c} < 'Infinity'::${type}`]
}

function finiteItems(c: string, type: string): string[] {
  return [`'-Infinity'::${type} < all (${c})`, `'Infinity'::${type} > all (${c})`]
}

/** The first value that has more digits before the point than `precision` and `scale` leave. */
function limitOf(field: CompiledField): string {
  return `1e${(field.precision ?? 0) - (field.scale ?? 0)}`
}
