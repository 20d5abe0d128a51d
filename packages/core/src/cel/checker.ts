/** What the parts of the checker share: a checked expression, and the means to check and to refuse. */
import type { Expression } from '../contracts/expression.ts'
import type { Allowed, ContextEntity, ExpressionContext } from './expression-context.ts'
import type { Syntax } from './parse.ts'

/** An expression with its place, and with the values that it can have where it is an enum. */
export interface Checked {
  readonly tree: Expression
  readonly at: number
  readonly values?: readonly string[]
}

/** What a quantifier has named. */
export interface Binding {
  readonly name: string
  /** Of a relation's row; null of an element. */
  readonly entity: string | null
  readonly element?: Checked
}

export interface Checker {
  readonly context: ExpressionContext
  readonly allowed: Allowed
  /** The names around a place, innermost first. */
  readonly bindings: readonly Binding[]
  check(syntax: Syntax): Checked
  /** The same with one name more. */
  within(binding: Binding): Checker
  entity(name: string): ContextEntity
  /** Notes that a field is read. */
  reads(entity: string, field: string): void
  /** @throws ExpressionProblem */
  fail(code: string, at: number, message: string, hint?: string): never
}

/** An own property alone. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
