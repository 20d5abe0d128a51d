/** Compiles the expressions of a document, each against its entity, and places what is wrong with one. */
import { compileExpression } from '../cel/compile-expression.ts'
import { ExpressionProblem } from '../cel/expression-problem.ts'
import type { CompiledExpression } from '../contracts/expression.ts'
import { type ComputedOf, createComputedFields, STEPS_MAX } from './computed-fields.ts'
import type { Draft } from './draft.ts'
import { type Extent, extentOf } from './expression-extent.ts'
import { createExpressionScope, FaultyField, isUncertain } from './expression-scope.ts'
import type { LocateIn } from './read-yaml.ts'
import type { Relations } from './relations.ts'
import type { WrittenExpression } from './written-expression.ts'

export interface Expressions {
  /** Null where something is wrong, which then is among the problems. */
  compile(written: WrittenExpression): CompiledExpression | null
  readonly computedOf: ComputedOf
  /** Whether any came to nothing. */
  failed(): boolean
}

/** Of a document: the time to compile goes by the number of expressions, and by their characters together. */
const EXPRESSIONS_MAX = 2000
const CHARACTERS_MAX = 100_000
/** Of one expression, virtual fields written out: they double at every step that names one twice. */
const NODES_MAX = 2000
/** What a name is told that does not exist. */
const UNKNOWN: ReadonlySet<string> = new Set(['UNKNOWN_NAME', 'UNKNOWN_FIELD'])

/** Needs `resolveFields` to have run. */
export function createExpressions(draft: Draft, relations: Relations, locateIn: LocateIn): Expressions {
  const computedOf: ComputedOf = createComputedFields(draft, (written) => compile(written))
  const scope = createExpressionScope(draft, relations, (entity, field) => computedOf(entity, field))
  const uncertain = isUncertain(draft, relations)
  const extents = new Map<CompiledExpression, Extent>()
  let count = 0
  let characters = 0
  let failed = false

  const checkExtent = ({ path, entity }: WrittenExpression, compiled: CompiledExpression): boolean => {
    const { nodes, steps } = extentOf(compiled, entity.name, scope, extents)
    if (nodes <= NODES_MAX && steps <= STEPS_MAX) return true
    const message = `with the computed fields it reads written out, it has more than ${NODES_MAX} parts or ${STEPS_MAX} steps`
    draft.problems.report({ path, code: 'EXPRESSION_TOO_LARGE', message, hint: 'make one of them `stored`' })
    return false
  }

  /** Of a row that is written, all stored fields are worked out at once, none of them after another. */
  const checkStored = ({ path, source, use }: WrittenExpression, compiled: CompiledExpression): boolean => {
    const other = compiled.reads.find(({ entity, field }) => scope[entity]?.fields[field]?.computed)
    if (use !== 'stored' || !other) return true
    const named = [...source.matchAll(/\w+/g)].find(([word]) => word === other.field)
    const place = locateIn(path, named?.index ?? 0)
    const message = `a stored computed field reads no other one, and \`${other.field}\` is computed`
    const hint = 'name the fields that it is made of'
    draft.problems.report({ path, place, code: 'NOT_ALLOWED', message, hint })
    return false
  }

  const attempt = (written: WrittenExpression): CompiledExpression | null => {
    const { source, path, entity, use, expects, values } = written
    try {
      const context = {
        entities: scope,
        entity: entity.name,
        use,
        ...(expects && { expects }),
        ...(values && { values }),
      }
      const compiled = compileExpression(source, context)
      return checkExtent(written, compiled) && checkStored(written, compiled) ? compiled : null
    } catch (error) {
      if (error instanceof FaultyField) return null
      if (!(error instanceof ExpressionProblem)) throw error
      const { code, message, hint, offset } = error
      if (uncertain && UNKNOWN.has(code)) return null
      draft.problems.report({ path, place: locateIn(path, offset), code, message, hint: hint ?? undefined })
      return null
    }
  }

  const compile = (written: WrittenExpression): CompiledExpression | null => {
    const before = isWithin(count, characters)
    count += 1
    characters += written.source.length
    const within = isWithin(count, characters)
    if (before && !within) {
      const message = `a schema has at most ${EXPRESSIONS_MAX} expressions, of ${CHARACTERS_MAX} characters together`
      draft.problems.report({ path: written.path, code: 'TOO_MANY_EXPRESSIONS', message })
    }
    const compiled = within && written.entity.sound ? attempt(written) : null
    failed ||= compiled === null
    return compiled
  }
  return { compile, computedOf, failed: () => failed }
}

function isWithin(count: number, characters: number): boolean {
  return count <= EXPRESSIONS_MAX && characters <= CHARACTERS_MAX
}
