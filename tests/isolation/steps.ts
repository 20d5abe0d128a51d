/** Random steps of random tenants, over keys so few that tenants keep meeting at the same ones. */
import fc from 'fast-check'
import { ALL, type Condition, type Operator, type Row } from './conditions.ts'
import { type Entity, KEYS } from './model.ts'

export const TENANTS = 3

export type Step = { readonly tenant: number } & (
  | { readonly kind: 'insert'; readonly entity: Entity; readonly rows: readonly Row[] }
  | { readonly kind: 'update'; readonly entity: Entity; readonly condition: Condition; readonly change: Row }
  | { readonly kind: 'delete'; readonly entity: Entity; readonly condition: Condition }
  | { readonly kind: 'read'; readonly read: Read }
  | { readonly kind: 'item'; readonly entity: Entity; readonly key: Row; readonly change: Row | null | 'delete' }
)

export interface Read {
  readonly entity: Entity
  readonly condition: Condition
  readonly embeds: readonly EmbedRead[]
  readonly limit: number | null
  readonly offset: number
}

export interface EmbedRead {
  readonly name: string
  readonly inner: boolean
  readonly condition: Condition
  readonly embeds: readonly EmbedRead[]
}

/** Which embeds an entity has, and what stands there. */
export const EMBEDS: Readonly<Record<Entity, Readonly<Record<string, Entity>>>> = {
  beds: { plants: 'plants' },
  plants: { bed: 'beds', leaves: 'leaves' },
  leaves: { plant: 'plants' },
}

const code = fc.constantFrom('A', 'B', 'C', 'D')
const number = fc.integer({ min: 1, max: 6 })
const small = fc.integer({ min: 0, max: 4 })
const label = fc.constantFrom('fern', 'fig', 'oak', 'ivy', 'moss')
const colour = fc.constantFrom('red', 'green', 'grey')
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 })

const VALUES: Readonly<Record<Entity, Readonly<Record<string, fc.Arbitrary<string | number>>>>> = {
  beds: { code, size: small },
  plants: { number, label, height: small, bed_code: code },
  leaves: { plant_number: number, position: small, colour },
}
const ROWS: Readonly<Record<Entity, fc.Arbitrary<Row>>> = {
  beds: fc.record({ code, size: maybe(small) }),
  plants: fc.record({ number, label: maybe(label), height: maybe(small), bed_code: maybe(code) }),
  leaves: fc.record({ plant_number: number, position: small, colour: maybe(colour) }),
}
const CHANGES: Readonly<Record<Entity, fc.Arbitrary<Row>>> = {
  beds: fc.record({ size: maybe(small) }),
  plants: fc.oneof(
    fc.record({ height: maybe(small) }),
    fc.record({ bed_code: maybe(code) }),
    fc.record({ label: maybe(label), height: small }),
  ),
  leaves: fc.record({ colour: maybe(colour) }),
}

const OPERATORS: readonly Operator[] = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'isdistinct']
const entity = fc.constantFrom<Entity>('beds', 'plants', 'plants', 'leaves')

function comparisonOn(of: Entity): fc.Arbitrary<Condition> {
  const field = fc.constantFrom(...Object.keys(VALUES[of]))
  return fc.tuple(field, fc.boolean()).chain(([name, not]): fc.Arbitrary<Condition> => {
    const value = VALUES[of][name] ?? small
    return fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('compare' as const),
          not: fc.constant(not),
          field: fc.constant(name),
          operator: fc.constantFrom(...OPERATORS),
          value,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('in' as const),
          not: fc.constant(not),
          field: fc.constant(name),
          values: fc.array(value, { minLength: 1, maxLength: 3 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant<Condition>({ kind: 'null', not, field: name }) },
      ...(['label', 'colour', 'code'].includes(name)
        ? [
            fc
              .constantFrom('f', 'g', 'A', '')
              .map((start): Condition => ({ kind: 'compare', not, field: name, operator: 'like', value: start })),
          ]
        : []),
    )
  })
}

/** None, one, several, or a tree of conditions. */
function conditionOn(of: Entity): fc.Arbitrary<Condition> {
  const leaf = comparisonOn(of)
  const group: fc.Arbitrary<Condition> = fc.record({
    kind: fc.constantFrom('and' as const, 'or' as const),
    not: fc.boolean(),
    items: fc.array(leaf, { minLength: 1, maxLength: 3 }),
  })
  const items = fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: group }), { maxLength: 3 })
  return items.map((list) => ({ ...ALL, items: list }) as Condition)
}

function embedsOf(of: Entity, depth: number): fc.Arbitrary<readonly EmbedRead[]> {
  if (depth === 0) return fc.constant([])
  return fc.subarray(Object.entries(EMBEDS[of])).chain((chosen) =>
    fc.tuple(
      ...chosen.map(([name, target]) =>
        fc.record({
          name: fc.constant(name),
          inner: fc.boolean(),
          condition: fc.oneof(
            { weight: 2, arbitrary: fc.constant(ALL) },
            { weight: 1, arbitrary: conditionOn(target) },
          ),
          embeds: embedsOf(target, depth - 1),
        }),
      ),
    ),
  )
}

const readOf = (of: Entity): fc.Arbitrary<Read> =>
  fc.record({
    entity: fc.constant(of),
    condition: conditionOn(of),
    embeds: embedsOf(of, 2),
    limit: fc.option(fc.integer({ min: 0, max: 4 }), { freq: 3 }),
    offset: fc.constantFrom(0, 0, 0, 1, 2),
  })

const keyOf = (of: Entity): fc.Arbitrary<Row> =>
  fc.record(Object.fromEntries(KEYS[of].map((field) => [field, VALUES[of][field] ?? small])))

const tenant = fc.integer({ min: 0, max: TENANTS - 1 })
const insertStep = entity.chain((of) =>
  fc.record({
    tenant,
    kind: fc.constant('insert' as const),
    entity: fc.constant(of),
    rows: fc.array(ROWS[of], { minLength: 1, maxLength: 4 }),
  }),
)
const updateStep = entity.chain((of) =>
  fc.record({
    tenant,
    kind: fc.constant('update' as const),
    entity: fc.constant(of),
    condition: conditionOn(of),
    change: CHANGES[of],
  }),
)
const deleteStep = entity.chain((of) =>
  fc.record({ tenant, kind: fc.constant('delete' as const), entity: fc.constant(of), condition: conditionOn(of) }),
)
const readStep = entity.chain((of) => fc.record({ tenant, kind: fc.constant('read' as const), read: readOf(of) }))
const itemStep = entity.chain((of) =>
  fc.record({
    tenant,
    kind: fc.constant('item' as const),
    entity: fc.constant(of),
    key: keyOf(of),
    change: fc.oneof(fc.constant(null), CHANGES[of], fc.constant('delete' as const)),
  }),
)

/** Many inserts and reads, fewer updates, few deletes. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: insertStep },
    { weight: 5, arbitrary: readStep },
    { weight: 2, arbitrary: updateStep },
    { weight: 2, arbitrary: itemStep },
    { weight: 1, arbitrary: deleteStep },
  ),
  { minLength: 15, maxLength: 50, size: 'max' },
)
