/** Expressions between two versions of an entity: compiled against the one they read, written as SQL over its columns. */
import type { CompiledEntity, CompiledField, CompiledSchema, EntityMapping, Expression, Json } from '@backsaas/core'
import { invariant, literalText, physicalType } from '@backsaas/core'
import { compileExpression, ExpressionProblem } from '@backsaas/core/cel'
import { expressionType, toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { makesText, textOf } from './computed.ts'
import { identifier, literal } from './quote.ts'

/** An entity of one version with its columns: what an expression reads. */
export interface Side {
  readonly schema: CompiledSchema
  readonly entity: CompiledEntity
  readonly physical: EntityMapping
}

/** A value made of columns of one row. */
export interface Conversion {
  /** Physical columns that it reads. */
  readonly reads: readonly string[]
  /** Whether the session's forms of dates and the like matter. */
  readonly makesText: boolean
  /** The SQL, its columns those of `row` (`new`, `t`). */
  sql(row: string): string
}

/** What is wrong with what a document says of a change. */
export interface PlanProblem {
  readonly pointer: string
  readonly code: string
  readonly message: string
  readonly hint?: string
}

/** Thrown while a plan is made; all of them are told together. */
export class Unplannable extends Error {
  readonly problem: PlanProblem
  constructor(problem: PlanProblem) {
    super(problem.message)
    this.problem = problem
  }
}

/**
 * Compiles CEL that reads `side` and comes to `target`.
 *
 * @param pointer where it is written.
 * @throws `Unplannable` (`CONVERSION_INVALID`).
 */
export function compileConversion(
  source: string,
  side: Side,
  target: CompiledField,
  use: 'conversion' | 'fill',
  pointer: string,
): Conversion {
  try {
    const { tree } = compileExpression(source, {
      entities: side.schema.entities,
      entity: side.entity.name,
      use,
      expects: expressionType(target),
      ...(target.values && !target.list && { values: target.values }),
    })
    return conversionOf(tree, side, target)
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    const { message, hint } = error
    throw new Unplannable({ pointer, code: 'CONVERSION_INVALID', message, ...(hint && { hint }) })
  }
}

/** A conversion that needs none said: the value itself, or in the other type; null where there is no such way. */
export function usualConversion(field: CompiledField, side: Side, target: CompiledField): Conversion | null {
  const name = `self.${field.name}`
  const ways = [name, ...(target.list || field.list ? [] : [`${expressionType(target)}(${name})`])]
  for (const source of ways) {
    try {
      const { values: _, ...free } = target
      return compileConversion(source, side, free, 'conversion', '')
    } catch (error) {
      if (!(error instanceof Unplannable)) throw error
    }
  }
  return null
}

/** A constant. */
export function constantConversion(value: Json, target: CompiledField): Conversion {
  const text = literalText(target, value)
  const type = physicalType(target.type, target.list)
  return { reads: [], makesText: false, sql: () => (text === null ? `null::${type}` : `${literal(text)}::${type}`) }
}

/** The value of one field through a list of pairs; what is not among them stays. */
export function mappedConversion(column: string, pairs: Readonly<Record<string, string | null>>): Conversion {
  return {
    reads: [column],
    makesText: false,
    sql(row) {
      const value = `${row}.${identifier(column)}`
      const cases = Object.entries(pairs).map(
        ([from, to]) => `when ${literal(from)} then ${to === null ? 'null' : literal(to)}`,
      )
      return cases.length === 0 ? value : `case ${value} ${cases.join(' ')} else ${value} end`
    },
  }
}

/** The first of two that is not null. */
export function coalesced(first: Conversion, second: Conversion): Conversion {
  return {
    reads: [...new Set([...first.reads, ...second.reads])],
    makesText: first.makesText || second.makesText,
    sql: (row) => `coalesce(${first.sql(row)}, ${second.sql(row)})`,
  }
}

function conversionOf(tree: Expression, side: Side, target: CompiledField): Conversion {
  const type = physicalType(target.type, target.list)
  const reads = new Set<string>()
  write(tree, side, 't', reads)
  return {
    reads: [...reads],
    makesText: readsText(tree, side),
    // Arithmetic leaves zeros behind that nobody has written.
    sql: (row) => {
      const value = `(${write(tree, side, row, new Set())})::${type}`
      return type === 'numeric' && tree.node !== 'field' ? `trim_scale(${value})` : value
    },
  }
}

/** Computed fields are written out: in a trigger their columns are not set yet. */
function write(tree: Expression, side: Side, row: string, reads: Set<string>): string {
  const environment = {
    field(_row: string | null, name: string): SQL {
      const field = side.entity.fields[name]
      invariant(field, `the entity has the field ${name}`)
      if (field.computed) return sql`(${toSql(field.computed.expression.tree, environment)})`
      const column = side.physical.columns[name]
      invariant(column, `the mapping has the field ${side.entity.name}.${name}`)
      reads.add(column)
      return sql.raw(`${row}.${identifier(column)}`)
    },
  }
  return textOf(toSql(tree, environment))
}

function readsText(tree: Expression, side: Side): boolean {
  if (makesText(tree)) return true
  return Object.values(side.entity.fields).some(({ computed }) => computed && makesText(computed.expression.tree))
}
