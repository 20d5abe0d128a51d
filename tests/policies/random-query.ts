/** Random questions: mostly of what the caller may know, now and then of what they may not. */
import type { AggregateName, Embed, Filter, Operator, Picked, Query, Sorting, Spot } from './query.ts'
import type { Random } from './random.ts'
import { canFollow, type Setting, visibleFields } from './sight.ts'
import { someValue } from './values.ts'
import { ENTITIES, type EntityName, fieldOf, relationOf } from './world.ts'

/** Who asks, and by what chance. */
export interface Asking {
  readonly random: Random
  readonly setting: Setting
  /** The probability that a name is taken from all there are. */
  readonly daring: number
}

export function randomQuery(asking: Asking, entity: EntityName): Query {
  const { random } = asking
  if (random.chance(0.15)) return aggregateQuery(asking, entity)
  const select = randomSelect(asking, entity, 2)
  const embeds = select.filter((item) => item.is === 'embed')
  const order = [...randomOrder(asking, entity), ...relatedOrder(asking, entity, embeds)]
  return {
    entity,
    select,
    where: randomFilters(asking, entity, embeds),
    order,
    limit: random.chance(0.25) ? random.below(4) : null,
    offset: random.chance(0.15) ? random.below(4) : 0,
  }
}

/** What a write is to answer with: fields alone. */
export function returningQuery(asking: Asking, entity: EntityName): Query {
  const { random } = asking
  const select = random.chance(0.4) ? [{ is: 'all' } as const] : randomFields(asking, entity, 'r')
  return { entity, select, where: [], order: [], limit: null, offset: 0 }
}

/** For a path that names one row. */
export function itemQuery(asking: Asking, entity: EntityName): Query {
  const select = randomSelect(asking, entity, 1)
  return { entity, select, where: [], order: [], limit: null, offset: 0 }
}

function randomSelect(asking: Asking, entity: EntityName, depth: number): readonly Picked[] {
  const { random } = asking
  const fields = random.chance(0.35) ? [{ is: 'all' } as const] : randomFields(asking, entity, `f${depth}`)
  return [...fields, ...randomEmbeds(asking, entity, depth)]
}

function randomFields(asking: Asking, entity: EntityName, prefix: string): readonly Picked[] {
  const count = 1 + asking.random.below(4)
  return Array.from({ length: count }, (_, index) => ({
    is: 'field' as const,
    spot: randomSpot(asking, entity),
    alias: `${prefix}${index}`,
  }))
}

function randomEmbeds(asking: Asking, entity: EntityName, depth: number): readonly Embed[] {
  const { random, setting, daring } = asking
  if (depth === 0) return []
  const names = Object.keys(ENTITIES[entity].relations)
  return random
    .some(names, 0.22)
    .filter((name) => canFollow(setting, entity, name) || random.chance(daring))
    .map((relation, index) => {
      const { to } = relationOf(entity, relation)
      const select = randomSelect(asking, to, depth - 1)
      const inner = select.filter((item) => item.is === 'embed')
      return {
        is: 'embed',
        relation,
        alias: `e${depth}${index}`,
        inner: random.chance(0.3),
        query: {
          entity: to,
          select,
          where: random.chance(0.3) ? randomFilters(asking, to, inner) : [],
          order: random.chance(0.4) ? randomOrder(asking, to) : [],
          limit: null,
          offset: 0,
        },
      }
    })
}

function aggregateQuery(asking: Asking, entity: EntityName): Query {
  const { random } = asking
  const groups = random.chance(0.6) ? [{ is: 'field' as const, spot: plainSpot(asking, entity), alias: 'g' }] : []
  const count = 1 + random.below(2)
  const aggregates = Array.from({ length: count }, (_, index): Picked => {
    const field = somePlainField(asking, entity, ({ type }) => type === 'int' || type === 'string')
    if (random.chance(0.3) || field === null) return { is: 'aggregate', name: 'count', field: null, alias: `a${index}` }
    const names: readonly AggregateName[] =
      fieldOf(entity, field).type === 'int' ? ['count', 'sum', 'min', 'max'] : ['count', 'min', 'max']
    return { is: 'aggregate', name: random.pick(names), field, alias: `a${index}` }
  })
  const where = randomFilters(asking, entity, [])
  return { entity, select: [...groups, ...aggregates], where, order: [], limit: null, offset: 0 }
}

/** None, one, several or a tree. */
export function randomFilters(asking: Asking, entity: EntityName, embeds: readonly Embed[]): readonly Filter[] {
  const { random } = asking
  const count = random.pick([0, 1, 1, 1, 2])
  return Array.from({ length: count }, () => {
    if (random.chance(0.2)) {
      const items = [randomFilter(asking, entity, embeds), randomFilter(asking, entity, embeds)]
      return { is: random.chance(0.5) ? 'and' : 'or', not: random.chance(0.3), items }
    }
    return randomFilter(asking, entity, embeds)
  })
}

const EQUALITY: readonly Operator[] = ['eq', 'neq', 'isdistinct']
const ORDER: readonly Operator[] = [...EQUALITY, 'gt', 'gte', 'lt', 'lte']

function randomFilter(asking: Asking, entity: EntityName, embeds: readonly Embed[]): Filter {
  const { random } = asking
  const not = random.chance(0.2)
  if (embeds.length > 0 && random.chance(0.4)) return { is: 'present', not, embed: random.pick(embeds).alias }
  const spot = randomSpot(asking, entity)
  const { type } = fieldOf(entity, spot.field)
  if (random.chance(0.2) || (type === 'json' && spot.key === undefined)) return { is: 'null', not, spot }
  if (spot.key !== undefined) return { is: 'compare', not, spot, operator: random.pick(EQUALITY), value: 'red' }
  const value = (): string | number => someValue(random, entity, spot.field) as string | number // of no JSON field
  if (type !== 'bool' && random.chance(0.25)) return { is: 'in', not, spot, values: [value(), value()] }
  if (type === 'string' && random.chance(0.2))
    return { is: 'compare', not, spot, operator: 'like', value: String(value())[0] ?? '' }
  const operators = type === 'int' || type === 'string' ? ORDER : EQUALITY
  return { is: 'compare', not, spot, operator: random.pick(operators), value: value() }
}

function randomOrder(asking: Asking, entity: EntityName): readonly Sorting[] {
  const { random } = asking
  const count = random.pick([0, 1, 1, 2])
  return Array.from({ length: count }, () => ({ spot: plainSpot(asking, entity), ...direction(random) }))
}

/** By a field of a to-one embed. */
function relatedOrder(asking: Asking, entity: EntityName, embeds: readonly Embed[]): readonly Sorting[] {
  const { random } = asking
  const found = embeds.filter(({ relation }) => !relationOf(entity, relation).many)
  if (found.length === 0 || random.chance(0.6)) return []
  const embed = random.pick(found)
  return [{ spot: plainSpot(asking, embed.query.entity), embed: embed.alias, ...direction(random) }]
}

function direction(random: Random): Pick<Sorting, 'down' | 'nulls'> {
  return { down: random.chance(0.5), nulls: random.pick([null, null, 'first', 'last']) }
}

/** A field, or a place in one of JSON. */
function randomSpot(asking: Asking, entity: EntityName): Spot {
  const field = someField(asking, entity)
  const isJson = fieldOf(entity, field).type === 'json'
  return isJson && asking.random.chance(0.6) ? { field, key: asking.random.pick(['colour', 'grade']) } : { field }
}

function plainSpot(asking: Asking, entity: EntityName): Spot {
  return { field: somePlainField(asking, entity, ({ type }) => type !== 'json') ?? ENTITIES[entity].key[0] ?? '' }
}

function somePlainField(
  asking: Asking,
  entity: EntityName,
  fits: (field: ReturnType<typeof fieldOf>) => boolean,
): string | null {
  const found = candidates(asking, entity).filter((name) => fits(fieldOf(entity, name)))
  return found.length > 0 ? asking.random.pick(found) : null
}

function someField(asking: Asking, entity: EntityName): string {
  return asking.random.pick(candidates(asking, entity))
}

/** What the caller can see; all fields for who dares, or sees none. */
function candidates({ random, setting, daring }: Asking, entity: EntityName): readonly string[] {
  const visible = visibleFields(setting, entity)
  return visible.length === 0 || random.chance(daring) ? Object.keys(ENTITIES[entity].fields) : visible
}
