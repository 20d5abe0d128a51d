/** Which field types hold what an expression comes to. */
import type { ExpressionType } from '../contracts/expression.ts'
import type { FieldType } from '../contracts/field-type.ts'
import { elementOf } from '../expression/compare-values.ts'
import { expressionType } from '../expression/expression-type.ts'
import { FIELD_TYPES } from './document.ts'

/**
 * The field types that can hold what an expression comes to, the one without a narrower meaning first: `text` before
 * `string`, `bigint` before `integer`. An enum is none of them, since an expression cannot promise its values.
 */
export function fieldTypes(type: ExpressionType): { readonly types: readonly FieldType[]; readonly list: boolean } {
  const element = elementOf(type)
  const types = FIELD_TYPES.filter((name) => expressionType({ type: name, list: false }) === (element ?? type))
  const broad = (name: FieldType): number => (name === 'text' || name === 'bigint' ? 0 : 1)
  return {
    types: types.filter((name) => name !== 'enum').toSorted((a, b) => broad(a) - broad(b)),
    list: element !== null,
  }
}
