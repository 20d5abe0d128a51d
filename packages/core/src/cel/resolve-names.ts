/** Names and the steps from one to the next: fields, relations, the caller, the tenant, what a client gave. */
import type { VariableName } from '../contracts/expression.ts'
import { expressionType } from '../expression/expression-type.ts'
import { didYouMean } from '../language/nearest-name.ts'
import { type Checked, type Checker, own } from './checker.ts'
import { makeCall } from './make-call.ts'
import type { Syntax } from './parse.ts'

/** What a name leads to: a value, or a place that a step leads on from. */
type Place =
  | { readonly kind: 'value'; readonly value: Checked }
  | { readonly kind: 'row'; readonly entity: string; readonly row?: string }
  | { readonly kind: 'related'; readonly entity: string; readonly relation: string }
  | { readonly kind: 'many'; readonly entity: string; readonly relation: string }
  | { readonly kind: 'current_user' | 'tenant' | 'input' }

const MEMBERS: Readonly<Record<'current_user' | 'tenant', readonly string[]>> = {
  current_user: ['id', 'kind', 'roles', 'email'],
  tenant: ['id', 'slug'],
}
/** What a quantifier may not call its element. */
export const RESERVED_NAMES: readonly string[] = ['self', 'current_user', 'tenant', 'input', 'math']

type Named = Extract<Syntax, { kind: 'name' | 'select' }>

/** A name or selection as a value. */
export function checkName(checker: Checker, syntax: Named): Checked {
  const place = placeOf(checker, syntax)
  if (place.kind !== 'value') return refusePlace(checker, place, syntax)
  if (syntax.kind === 'select' && syntax.tests) return makeCall(checker, 'isNotNull', [place.value], 'bool', syntax.at)
  return place.value
}

/** The relation to many rows that a quantifier goes over; null where it is none. */
export function manyOf(checker: Checker, syntax: Syntax): { entity: string; relation: string } | null {
  if (syntax.kind !== 'name' && syntax.kind !== 'select') return null
  const place = placeOf(checker, syntax)
  return place.kind === 'many' ? place : null
}

function refusePlace(checker: Checker, place: Exclude<Place, { kind: 'value' }>, { at, name }: Named): never {
  const fail = (what: string, hint: string): never => checker.fail('NOT_A_VALUE', at, `\`${name}\` is ${what}`, hint)
  switch (place.kind) {
    case 'row':
      return fail('a row', `name one of its fields, such as \`${name}.${firstField(checker, place.entity)}\``)
    case 'related':
      return fail('a relation', `name one of its fields, such as \`${name}.${firstField(checker, place.entity)}\``)
    case 'many':
      return fail('a relation to many rows', `ask \`${name}.exists(x, …)\` or \`${name}.all(x, …)\``)
    case 'input':
      return fail('all that the client gave', 'name a field of it')
    default:
      return fail('no value itself', `name one of ${MEMBERS[place.kind].map((m) => `\`${name}.${m}\``).join(', ')}`)
  }
}

function firstField(checker: Checker, entity: string): string {
  return Object.keys(checker.entity(entity).fields)[0] ?? 'id'
}

function placeOf(checker: Checker, syntax: Syntax): Place {
  if (syntax.kind === 'name') return placeOfName(checker, syntax.name, syntax.at)
  if (syntax.kind === 'select') return step(checker, placeOf(checker, syntax.from), syntax)
  return { kind: 'value', value: checker.check(syntax) }
}

function placeOfName(checker: Checker, name: string, at: number): Place {
  const { allowed, context } = checker
  const binding = checker.bindings.find((bound) => bound.name === name)
  if (binding?.element) return { kind: 'value', value: { ...binding.element, at } }
  if (binding?.entity) return { kind: 'row', entity: binding.entity, row: name }
  if (name === 'self') {
    if (allowed.row && context.entity !== null) return { kind: 'row', entity: context.entity }
    return refuseName(checker, name, at)
  }
  if (name === 'current_user' || name === 'tenant') {
    return allowed.caller ? { kind: name } : refuseName(checker, name, at)
  }
  const entity = allowed.row ? context.entity : null
  const place = entity === null ? null : memberOf(checker, { kind: 'row', entity }, name, at)
  if (place) return place
  if (name === 'input')
    return allowed.input && context.entity !== null ? { kind: 'input' } : refuseName(checker, name, at)
  const message = `there is no \`${name}\` here`
  return checker.fail('UNKNOWN_NAME', at, message, didYouMean(name, namesHere(checker)))
}

function refuseName(checker: Checker, name: string, at: number): never {
  const hints: Readonly<Record<string, string>> = {
    self: 'there is no row at that moment',
    current_user: 'its value would depend on who asks; use a row rule for that',
    tenant: 'its value may depend on the row alone',
  }
  return checker.fail('NOT_ALLOWED', at, `${checker.allowed.name} cannot name \`${name}\``, hints[name])
}

function namesHere({ bindings, allowed, context, entity }: Checker): string[] {
  const own = allowed.row && context.entity !== null ? entity(context.entity) : null
  return [
    ...bindings.map(({ name }) => name),
    ...(own ? ['self', ...Object.keys(own.fields), ...Object.keys(own.relations)] : []),
    ...(allowed.caller ? ['current_user', 'tenant'] : []),
    ...(allowed.input ? ['input'] : []),
  ]
}

/** From a place along a name. */
function step(checker: Checker, place: Place, { name, at, from }: Extract<Syntax, { kind: 'select' }>): Place {
  switch (place.kind) {
    case 'value':
      return { kind: 'value', value: stepIntoJson(checker, place.value, name, at) }
    case 'row':
    case 'related': {
      const member = memberOf(checker, place, name, at)
      if (member) return member
      const { fields, relations } = checker.entity(place.entity)
      const hint = didYouMean(name, [...Object.keys(fields), ...(place.kind === 'row' ? Object.keys(relations) : [])])
      return checker.fail('UNKNOWN_FIELD', at, `\`${place.entity}\` has no field \`${name}\``, hint)
    }
    case 'many':
      return refusePlace(
        checker,
        place,
        from.kind === 'name' || from.kind === 'select' ? from : { ...place, kind: 'name', name, at },
      )
    case 'input': {
      const entity = checker.context.entity ?? ''
      const field = own(checker.entity(entity).fields, name)
      const hint = didYouMean(name, Object.keys(checker.entity(entity).fields))
      if (!field) return checker.fail('UNKNOWN_FIELD', at, `\`${entity}\` has no field \`${name}\``, hint)
      const tree = { node: 'input', field: name, type: expressionType(field) } as const
      return { kind: 'value', value: { tree, at, ...(field.values && { values: field.values }) } }
    }
    default: {
      const members = MEMBERS[place.kind]
      const hint = didYouMean(name, members) ?? `it has ${members.join(', ')}`
      if (!members.includes(name))
        return checker.fail('UNKNOWN_FIELD', at, `\`${place.kind}\` has no \`${name}\``, hint)
      const type = name === 'roles' ? 'list(string)' : 'string'
      const variable = `${place.kind}.${name}` as VariableName // one of MEMBERS
      return { kind: 'value', value: { tree: { node: 'variable', name: variable, type }, at } }
    }
  }
}

function stepIntoJson(checker: Checker, value: Checked, name: string, at: number): Checked {
  if (value.tree.type === 'json') {
    const key: Checked = { tree: { node: 'literal', type: 'string', text: name }, at }
    return makeCall(checker, 'index', [value, key], 'json', at)
  }
  return checker.fail('UNKNOWN_FIELD', at, `a value of type ${value.tree.type} has no \`${name}\``)
}

/** A field or relation of a row; null where it has neither. */
function memberOf(
  checker: Checker,
  place: Extract<Place, { kind: 'row' | 'related' }>,
  name: string,
  at: number,
): Place | null {
  const { fields, relations } = checker.entity(place.entity)
  const field = own(fields, name)
  if (field) {
    if (checker.context.use === 'stored' && field.computed && !field.computed.stored) {
      const hint = 'name the fields that it is made of'
      return checker.fail('NOT_ALLOWED', at, `\`${name}\` is worked out at each read and cannot be stored`, hint)
    }
    checker.reads(place.entity, name)
    const type = expressionType(field)
    const tree =
      place.kind === 'related'
        ? ({ node: 'related', relation: place.relation, field: name, type } as const)
        : ({ node: 'field', ...(place.row !== undefined && { row: place.row }), field: name, type } as const)
    return { kind: 'value', value: { tree, at, ...(field.values && { values: field.values }) } }
  }
  const relation = own(relations, name)
  if (!relation) return null
  if (place.kind === 'related' || place.row !== undefined) {
    const hint = 'an expression goes one step from its own row'
    return checker.fail('NOT_ALLOWED', at, `\`${name}\` is a relation of \`${place.entity}\`, a second step`, hint)
  }
  const isMany = relation.kind === 'many'
  if (!(isMany ? checker.allowed.members : checker.allowed.related)) {
    return checker.fail('NOT_ALLOWED', at, `${checker.allowed.name} cannot follow the relation \`${name}\``)
  }
  return { kind: isMany ? 'many' : 'related', entity: relation.entity, relation: name }
}
