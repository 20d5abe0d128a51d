/** Random conditions over an entity: its fields, one step along its relations, the caller and the tenant. */
import type { Comparison, Expression, Scalar } from './expression.ts'
import type { Random } from './random.ts'
import { someValue } from './values.ts'
import { ENTITIES, type EntityName, type Field } from './world.ts'

/** What conditions are made for. */
export interface Site {
  readonly random: Random
  readonly entity: EntityName
  readonly roles: readonly string[]
  readonly tenants: readonly string[]
  /** The name of the row in question inside a quantifier. */
  readonly row?: string
}

const EQUALITY: readonly Comparison[] = ['==', '!=']
const ORDER: readonly Comparison[] = ['==', '!=', '<', '<=', '>', '>=']

export function randomCondition(site: Site, depth = 2): Expression {
  const { random } = site
  const kind = random.weighted({
    leaf: 5,
    owner: 3,
    both: depth,
    either: depth,
    not: depth * 0.7,
    relation: 1.5,
    choose: 0.4,
  })
  switch (kind) {
    case 'both':
    case 'either':
      if (depth === 0) return leaf(site)
      return {
        is: kind === 'both' ? 'and' : 'or',
        items: [randomCondition(site, depth - 1), randomCondition(site, depth - 1)],
      }
    case 'not':
      return depth === 0 ? leaf(site) : { is: 'not', a: randomCondition(site, depth - 1) }
    case 'choose':
      return depth === 0 ? leaf(site) : { is: 'choose', condition: leaf(site), a: leaf(site), b: leaf(site) }
    case 'owner':
      return ownership(site) ?? leaf(site)
    case 'relation':
      return (site.row === undefined && quantified(site)) || leaf(site)
    default:
      return leaf(site)
  }
}

/** The condition that most real rules are. */
function ownership(site: Site): Expression | null {
  const found = fieldsOf(site).filter(([, { type }]) => type === 'uuid')
  if (found.length === 0) return null
  const [field] = site.random.pick(found)
  return { is: 'compare', operator: '==', a: ownField(site, field), b: { is: 'caller', part: 'id' } }
}

/** Entities that lead back to this one are left out: what a statement writes of them, it does not see yet. */
function quantified(site: Site): Expression | null {
  const { random, entity } = site
  const found = Object.entries(ENTITIES[entity].relations).filter(
    ([, relation]) => relation.many && !relation.through && relation.to !== entity,
  )
  if (found.length === 0) return null
  const [relation, { to }] = random.pick(found)
  const where = randomCondition({ ...site, entity: to, row: 'x' }, 1)
  return { is: random.chance(0.8) ? 'exists' : 'all', relation, row: 'x', where }
}

function leaf(site: Site): Expression {
  const { random } = site
  switch (random.weighted({ compare: 6, null: 2, in: 1.5, starts: 1, role: 0.6, kind: 0.3, tenant: 0.4, two: 1 })) {
    case 'null':
      return { is: 'null', not: random.chance(0.5), a: someField(site, () => true).value }
    case 'in': {
      const { value, name, entity } = someField(site, ({ type }) => type === 'int' || type === 'string')
      const values = [someValue(random, entity, name), someValue(random, entity, name)]
      return { is: 'in', a: value, values: values as (string | number)[] } // of a field of that type
    }
    case 'starts': {
      const { value } = someField(site, ({ type, values }) => type === 'string' && !values)
      return { is: 'starts', a: value, text: random.pick(['a', 'b', 'f', 'A', '']) }
    }
    case 'role':
      return { is: 'role', role: random.pick(site.roles) }
    case 'kind':
      return compareWith(random, EQUALITY, { is: 'caller', part: 'kind' }, 'user')
    case 'tenant':
      return compareWith(random, EQUALITY, { is: 'tenant', part: 'slug' }, random.pick(site.tenants))
    case 'two':
      return ofTwoFields(site)
    default:
      return comparison(site)
  }
}

function comparison(site: Site): Expression {
  const { random } = site
  const { value, name, entity, field } = someField(site, ({ type }) => type !== 'json')
  if (field.type === 'bool' && random.chance(0.5)) return value
  const orderable = field.type === 'int' || (field.type === 'string' && !field.values)
  const literal = someValue(random, entity, name) as string | number | boolean // of no JSON field
  const wrapped: Expression =
    field.type === 'int' && random.chance(0.2) ? { is: 'coalesce', a: value, b: { is: 'literal', value: 0 } } : value
  return compareWith(random, orderable ? ORDER : EQUALITY, wrapped, literal)
}

function compareWith(
  random: Random,
  operators: readonly Comparison[],
  a: Expression,
  literal: string | number | boolean,
): Expression {
  return { is: 'compare', operator: random.pick(operators), a, b: { is: 'literal', value: literal } }
}

/** Two numbers, or an owner that is another's. */
function ofTwoFields(site: Site): Expression {
  const { random } = site
  const type: Scalar = random.pick(['int', 'string', 'uuid'])
  const fits = (field: Field): boolean => field.type === type && !field.values
  if (!fieldsOf(site).some(([, field]) => fits(field))) return comparison(site)
  const [a, b] = [someField(site, fits).value, someField(site, fits).value]
  if (type === 'int' && random.chance(0.4)) {
    return compareWith(random, ORDER, { is: 'add', a, b }, random.below(7))
  }
  return { is: 'compare', operator: random.pick(type === 'uuid' ? EQUALITY : ORDER), a, b }
}

interface Found {
  readonly value: Expression
  readonly entity: EntityName
  readonly name: string
  readonly field: Field
}

/** A field of the row, or (of the row in question only) of one that it refers to. */
function someField(site: Site, fits: (field: Field) => boolean): Found {
  const { random, entity } = site
  const own = fieldsOf(site)
    .filter(([, field]) => fits(field))
    .map(([name, field]): Found => ({ value: ownField(site, name), entity, name, field }))
  const related = site.row === undefined && (own.length === 0 || random.chance(0.2)) ? relatedFields(site, fits) : []
  const found = related.length > 0 ? related : own
  return found.length > 0 ? random.pick(found) : someField(site, ({ type }) => type === 'int' || type === 'string')
}

function relatedFields({ entity }: Site, fits: (field: Field) => boolean): readonly Found[] {
  return Object.entries(ENTITIES[entity].relations)
    .filter(([, { many, to }]) => !many && to !== entity)
    .flatMap(([relation, { to }]) =>
      Object.entries(ENTITIES[to].fields)
        .filter(([, field]) => fits(field))
        .map(([name, field]): Found => ({ value: { is: 'related', relation, field: name }, entity: to, name, field })),
    )
}

function fieldsOf({ entity }: Site): readonly (readonly [string, Field])[] {
  return Object.entries(ENTITIES[entity].fields)
}

function ownField({ row }: Site, field: string): Expression {
  return row === undefined ? { is: 'field', field } : { is: 'field', field, row }
}
