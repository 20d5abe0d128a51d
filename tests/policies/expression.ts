/** The part of CEL that random rules are made of: a tree, and its text. How it is judged stands in `evaluate.ts`. */
import type { FieldType } from './world.ts'

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Expression =
  | { readonly is: 'literal'; readonly value: string | number | boolean }
  /** Of the row in question, or of the row that an enclosing quantifier calls `row`. */
  | { readonly is: 'field'; readonly field: string; readonly row?: string }
  | { readonly is: 'related'; readonly relation: string; readonly field: string }
  | { readonly is: 'caller'; readonly part: 'id' | 'kind' }
  | { readonly is: 'tenant'; readonly part: 'id' | 'slug' }
  | { readonly is: 'role'; readonly role: string }
  | { readonly is: 'compare'; readonly operator: Comparison; readonly a: Expression; readonly b: Expression }
  | { readonly is: 'null'; readonly not: boolean; readonly a: Expression }
  | { readonly is: 'in'; readonly a: Expression; readonly values: readonly (string | number)[] }
  | { readonly is: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly is: 'not'; readonly a: Expression }
  | { readonly is: 'coalesce'; readonly a: Expression; readonly b: Expression }
  | { readonly is: 'add'; readonly a: Expression; readonly b: Expression }
  | { readonly is: 'starts'; readonly a: Expression; readonly text: string }
  | { readonly is: 'choose'; readonly condition: Expression; readonly a: Expression; readonly b: Expression }
  | {
      readonly is: 'exists' | 'all'
      readonly relation: string
      readonly row: string
      readonly where: Expression
    }

/** Types that are compared and ordered. */
export type Scalar = Exclude<FieldType, 'json'>

/** @example toCel({ is: 'null', not: true, a: { is: 'field', field: 'label' } }) // 'label != null' */
export function toCel(expression: Expression): string {
  switch (expression.is) {
    case 'literal':
      return literal(expression.value)
    case 'field':
      return expression.row === undefined ? expression.field : `${expression.row}.${expression.field}`
    case 'related':
      return `${expression.relation}.${expression.field}`
    case 'caller':
      return `current_user.${expression.part}`
    case 'tenant':
      return `tenant.${expression.part}`
    case 'role':
      return `${literal(expression.role)} in current_user.roles`
    case 'compare':
      return `${part(expression.a)} ${expression.operator} ${part(expression.b)}`
    case 'null':
      return `${part(expression.a)} ${expression.not ? '!=' : '=='} null`
    case 'in':
      return `${part(expression.a)} in [${expression.values.map(literal).join(', ')}]`
    case 'and':
    case 'or':
      return expression.items.map(part).join(expression.is === 'and' ? ' && ' : ' || ')
    case 'not':
      return `!${part(expression.a)}`
    case 'coalesce':
      return `coalesce(${toCel(expression.a)}, ${toCel(expression.b)})`
    case 'add':
      return `${part(expression.a)} + ${part(expression.b)}`
    case 'starts':
      return `${part(expression.a)}.startsWith(${literal(expression.text)})`
    case 'choose':
      return `${part(expression.condition)} ? ${part(expression.a)} : ${part(expression.b)}`
    case 'exists':
    case 'all':
      return `${expression.relation}.${expression.is}(${expression.row}, ${toCel(expression.where)})`
  }
}

const SIMPLE: readonly Expression['is'][] = [
  'literal',
  'field',
  'related',
  'caller',
  'tenant',
  'coalesce',
  'exists',
  'all',
]

function part(expression: Expression): string {
  return SIMPLE.includes(expression.is) ? toCel(expression) : `(${toCel(expression)})`
}

function literal(value: string | number | boolean): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
