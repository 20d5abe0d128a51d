/** `exists`, `all` and `exists_one`, over lists and over the rows of relations. */
import { elementOf } from '../expression/compare-values.ts'
import { expectBool } from './check-operators.ts'
import type { Checked, Checker } from './checker.ts'
import type { Syntax } from './parse.ts'
import { manyOf, RESERVED_NAMES } from './resolve-names.ts'

type Quantifier = Extract<Syntax, { kind: 'quantifier' }>

export function checkQuantifier(checker: Checker, syntax: Quantifier): Checked {
  const { at, range, variable } = syntax
  if (RESERVED_NAMES.includes(variable) || checker.bindings.some(({ name }) => name === variable)) {
    const hint = 'choose another name, such as `x`'
    return checker.fail('NAME_TAKEN', at, `\`${variable}\` means something here already`, hint)
  }
  const many = manyOf(checker, range)
  return many ? overRelation(checker, syntax, many) : overList(checker, syntax)
}

function overRelation(
  checker: Checker,
  { at, name, variable, where }: Quantifier,
  { entity, relation }: { entity: string; relation: string },
): Checked {
  if (name !== 'exists' && name !== 'all') {
    return checker.fail('NOT_ALLOWED', at, `\`${name}\` goes over lists, not over rows`, 'ask with `exists` or `all`')
  }
  if (checker.bindings.some((binding) => binding.entity !== null)) {
    const hint = 'an expression goes one step from its own row'
    return checker.fail('NOT_ALLOWED', at, 'a relation cannot be asked inside another one', hint)
  }
  const condition = checker.within({ name: variable, entity }).check(where)
  expectBool(checker, condition, `\`${name}\``)
  const tree = {
    node: 'relation',
    quantifier: name,
    relation,
    row: variable,
    where: condition.tree,
    type: 'bool',
  } as const
  return { tree, at }
}

function overList(checker: Checker, { at, name, range, variable, where }: Quantifier): Checked {
  const list = checker.check(range)
  const type = elementOf(list.tree.type)
  if (type === null || type === 'null') {
    const hint =
      list.tree.type === 'json' ? 'lists in JSON cannot be asked; make it a field with `list: true`' : undefined
    return checker.fail(
      'TYPE_MISMATCH',
      at,
      `\`${name}\` goes over a list or a relation, found ${list.tree.type}`,
      hint,
    )
  }
  const values = list.values
  const element: Checked = { tree: { node: 'element', name: variable, type }, at, ...(values && { values }) }
  const condition = checker.within({ name: variable, entity: null, element }).check(where)
  expectBool(checker, condition, `\`${name}\``)
  if (name !== 'exists' && name !== 'all' && name !== 'exists_one') return list
  const tree = {
    node: 'each',
    quantifier: name,
    list: list.tree,
    name: variable,
    where: condition.tree,
    type: 'bool',
  } as const
  return { tree, at }
}
