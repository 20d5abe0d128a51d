/** Compiles computed fields in the order in which they read each other, and finds those that read themselves. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { CompiledExpression, ExpressionType } from '../contracts/expression.ts'
import { invariant } from '../errors/invariant.ts'
import { type Draft, type EntityDraft, type FieldDraft, optionPath } from './draft.ts'
import { fieldEvolution } from './evolution.ts'
import { fieldTypes } from './expression-types.ts'
import type { WrittenExpression } from './written-expression.ts'

/** A computed field, compiled at its first use; null where something is wrong with it. */
export type ComputedOf = (entity: EntityDraft, field: FieldDraft) => CompiledField | null

interface Member {
  readonly entity: EntityDraft
  readonly field: FieldDraft
}

/** Each step is a level of the stack here, and of nesting in SQL. */
export const STEPS_MAX = 16

/** @param compile as `Expressions.compile`. */
export function createComputedFields(
  draft: Draft,
  compile: (written: WrittenExpression) => CompiledExpression | null,
): ComputedOf {
  const done = new Map<FieldDraft, CompiledField | null>()
  const open: Member[] = []
  return (entity, field) => {
    const known = done.get(field)
    if (known !== undefined) return known
    const begin = open.findIndex((other) => other.field === field)
    if (begin >= 0) reportCircle(draft, open.slice(begin))
    else if (open.length > STEPS_MAX) reportDepth(draft, field)
    if (begin >= 0 || open.length > STEPS_MAX) return null
    open.push({ entity, field })
    const compiled = compileComputed(draft, { entity, field }, compile)
    open.pop()
    done.set(field, compiled)
    return compiled
  }
}

function compileComputed(
  draft: Draft,
  { entity, field }: Member,
  compile: (written: WrittenExpression) => CompiledExpression | null,
): CompiledField | null {
  const { computed: source = '', stored = false, description } = field.document
  const path = optionPath(field, 'computed')
  const expression = compile({ source, path, entity, use: stored ? 'stored' : 'computed' })
  const shape = expression && shapeOf(draft, field, expression.type)
  if (!shape) return null
  return {
    name: field.name,
    ...(description !== undefined && { description }),
    ...shape,
    required: false,
    writable: false,
    computed: { expression, stored },
    ...fieldEvolution({ ...shape, values: undefined }, field.document),
  }
}

/** The type that the expression gives the field; what the author says of it must agree. */
function shapeOf(draft: Draft, field: FieldDraft, type: ExpressionType): Pick<CompiledField, 'type' | 'list'> | null {
  const { types, list } = fieldTypes(type)
  const [inferred] = types
  invariant(inferred, 'an expression of which nothing is expected comes to what a field can hold')
  const { type: said = inferred, list: saidList = list, unique } = field.document
  if (unique && inferred === 'json') {
    const message = '`unique` does not apply to JSON, which the expression comes to'
    draft.problems.report({ path: optionPath(field, 'unique'), at: 'key', code: 'NOT_APPLICABLE', message })
  }
  if (types.includes(said) && saidList === list) return { type: said, list }
  const message = `the expression comes to ${list ? 'a list of ' : ''}${inferred}`
  const option = types.includes(said) ? 'list' : 'type'
  const hint = `leave \`${option}\` out`
  draft.problems.report({ path: optionPath(field, option), code: 'COMPUTED_TYPE', message, hint })
  return null
}

function reportCircle(draft: Draft, circle: readonly Member[]): void {
  const [first] = circle as readonly [Member]
  const sameEntity = circle.every(({ entity }) => entity === first.entity)
  const names = [...circle, first].map(({ entity, field }) =>
    sameEntity ? field.name : `${entity.name}.${field.name}`,
  )
  const message = `\`${first.field.name}\` is computed from itself: ${names.join(' → ')}`
  draft.problems.report({ path: optionPath(first.field, 'computed'), code: 'COMPUTED_CYCLE', message })
}

function reportDepth(draft: Draft, field: FieldDraft): void {
  const message = `computed fields read each other over more than ${STEPS_MAX} steps`
  draft.problems.report({ path: optionPath(field, 'computed'), code: 'COMPUTED_TOO_DEEP', message })
}
