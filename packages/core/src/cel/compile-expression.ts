/** Publish time: the text of an expression in, a checked tree out, or what is wrong with it and where. */
import type { CompiledExpression, Expression, ExpressionType } from '../contracts/expression.ts'
import { invariant } from '../errors/invariant.ts'
import { elementOf } from '../expression/compare-values.ts'
import { checkCall } from './check-functions.ts'
import { checkEnum, checkOperator } from './check-operators.ts'
import { checkQuantifier } from './check-quantifiers.ts'
import { type Binding, type Checked, type Checker, own } from './checker.ts'
import { commonOf, convert, isNull } from './convert.ts'
import { ALLOWED, type ExpressionContext } from './expression-context.ts'
import { ExpressionProblem } from './expression-problem.ts'
import { parse, type Syntax } from './parse.ts'
import { checkName } from './resolve-names.ts'
import { TREE_DEPTH_MAX, tooDeep } from './scan.ts'
import { GROWTH_MAX, textGrowth } from './text-growth.ts'

export type {
  ContextEntity,
  ContextField,
  ContextRelation,
  ExpressionContext,
  ExpressionUse,
} from './expression-context.ts'
export { ExpressionProblem } from './expression-problem.ts'

/**
 * Checks an expression against the entities it may name and its use.
 *
 * @throws ExpressionProblem, with line and column in `source`; nothing else, whatever the source is.
 * @example
 * compileExpression("status == 'lead'", { entities, entity: 'contacts', use: 'row_rule', expects: 'bool' }).tree
 * // { node: 'call', call: '==', type: 'bool', args: [{ node: 'field', field: 'status', type: 'string' }, …] }
 */
export function compileExpression(source: string, context: ExpressionContext): CompiledExpression {
  const syntax = parse(source)
  const reads = new Map<string, { readonly entity: string; readonly field: string }>()
  const checker = createChecker(source, context, (entity, field) => reads.set(`${entity}.${field}`, { entity, field }))
  const checked = expectType(checker, checker.check(syntax))
  if (textGrowth(checked.tree) > GROWTH_MAX) {
    const hint = 'join and replace less'
    checker.fail('EXPRESSION_TOO_LARGE', 0, 'this may make a text a thousand times longer than what it reads', hint)
  }
  return { source, type: checked.tree.type, tree: checked.tree, reads: [...reads.values()] }
}

function createChecker(source: string, context: ExpressionContext, reads: Checker['reads']): Checker {
  const fail: Checker['fail'] = (code, at, message, hint) => {
    throw new ExpressionProblem(code, message, source, at, { hint })
  }
  const entity: Checker['entity'] = (name) => {
    const found = own(context.entities, name)
    invariant(found, `no entity ${name}`)
    return found
  }
  let depth = 0
  const create = (bindings: readonly Binding[]): Checker => {
    const checker: Checker = {
      ...{ context, allowed: ALLOWED[context.use], bindings, entity, reads, fail },
      within: (binding) => create([binding, ...bindings]),
      check(syntax) {
        if (++depth > TREE_DEPTH_MAX) throw tooDeep(source, syntax.at)
        const checked = checkSyntaxNode(checker, syntax)
        depth--
        return checked
      },
    }
    return checker
  }
  return create([])
}

function checkSyntaxNode(checker: Checker, syntax: Syntax): Checked {
  switch (syntax.kind) {
    case 'literal': {
      const text = syntax.type === 'null' ? null : syntax.text
      return { tree: { node: 'literal', text, type: syntax.type }, at: syntax.at }
    }
    case 'name':
    case 'select':
      return checkName(checker, syntax)
    case 'operator':
      return checkOperator(checker, syntax)
    case 'call':
      return checkCall(checker, syntax)
    case 'list':
      return checkList(checker, syntax)
    case 'quantifier':
      return checkQuantifier(checker, syntax)
  }
}

function checkList(checker: Checker, { items, at }: Extract<Syntax, { kind: 'list' }>): Checked {
  const values = items.map((item) => checker.check(item))
  const [first, ...rest] = values
  if (!first) return { tree: { node: 'list', items: [], type: 'list(null)' }, at }
  const empty = values.find(({ tree }) => isNull(tree))
  if (empty) return checker.fail('TYPE_MISMATCH', empty.at, 'a list holds no null')
  const common = commonOf([first, ...rest], 'json')
  const type = 'clash' in common ? 'range' : common.type
  if (elementOf(type) !== null || type === 'range') {
    const [one, other] = 'clash' in common ? common.clash : [first, first]
    const message = `a list holds values of one type, found ${one.tree.type} and ${other.tree.type}`
    return checker.fail('TYPE_MISMATCH', other.at, message)
  }
  const converted = values.map((value): Expression => {
    const item = convert(checker, value, type)
    return item
      ? item.tree
      : checker.fail('TYPE_MISMATCH', value.at, `a list of ${type} cannot hold ${value.tree.type}`)
  })
  return { tree: { node: 'list', items: converted, type: `list(${type})` as ExpressionType }, at } // scalar, as tested
}

/** As what is expected, with the conversions that happen by themselves. */
function expectType(checker: Checker, value: Checked): Checked {
  const { expects, values } = checker.context
  const { type } = value.tree
  if (expects === undefined) {
    if (!isNull(value.tree) && type !== 'range' && !['null', 'range'].includes(elementOf(type) ?? '')) return value
    const what = type.includes('range') ? 'a range' : 'nothing'
    return checker.fail('TYPE_MISMATCH', 0, `the expression comes to ${what}, which has no type of its own`)
  }
  if (values) checkEnum(checker, { values }, value)
  const converted = convert(checker, value, expects)
  if (converted) return converted
  const found = isNull(value.tree) ? 'null' : type
  return checker.fail(
    'TYPE_MISMATCH',
    value.at,
    `${checker.allowed.name} comes to ${expects} here, found ${found}`,
    hintFor(expects, type),
  )
}

function hintFor(expects: ExpressionType, found: ExpressionType): string | undefined {
  if (expects === 'bool') return found === 'json' ? 'write `bool(…)` around it' : 'compare it with something'
  const conversions: readonly ExpressionType[] = ['int', 'decimal', 'double', 'string', 'date', 'timestamp']
  return conversions.includes(expects) && elementOf(found) === null ? `write \`${expects}(…)\` around it` : undefined
}
