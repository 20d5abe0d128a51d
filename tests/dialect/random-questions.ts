/** Random questions: the query string that asks, and the same question for the evaluator. */
import fc from 'fast-check'
import type { Clause, Link, Picked, Question, Sorting } from './evaluator.ts'
import { placeOf, quoted, randomTest, sortablePlaces, type WrittenTest } from './random-tests.ts'

export interface Asked {
  readonly question: Question
  /** Parameters of the query string, not yet encoded. */
  readonly params: readonly (readonly [string, string])[]
}

/** A condition, and how it is written inside `and=()` and as a parameter of its own. */
interface WrittenClause {
  readonly clause: Clause
  readonly nested: string
  readonly param: (prefix: string) => readonly [string, string]
}

interface WrittenPick {
  readonly item: Picked
  readonly text: string
  /** The parameters of an embed's own, below its name. */
  readonly params: readonly (readonly [string, string])[]
}

const LINKS: Readonly<Record<string, Readonly<Record<string, Link>>>> = {
  museums: {
    collection: { to: 'paintings', many: true, here: 'id', there: 'owner_id' },
    'paintings!borrower_id': { to: 'paintings', many: true, here: 'id', there: 'borrower_id' },
  },
  artists: {
    paintings: { to: 'paintings', many: true, here: 'id', there: 'artist_id' },
    mentor: { to: 'artists', many: false, here: 'mentor_id', there: 'id' },
    pupils: { to: 'artists', many: true, here: 'id', there: 'mentor_id' },
  },
  paintings: {
    artist: { to: 'artists', many: false, here: 'artist_id', there: 'id' },
    'museums!owner_id': { to: 'museums', many: false, here: 'owner_id', there: 'id' },
    borrower: { to: 'museums', many: false, here: 'borrower_id', there: 'id' },
    frames: { to: 'frames', many: false, here: 'id', there: 'painting_id' },
    showings: { to: 'showings', many: true, here: 'id', there: 'painting_id' },
    exhibitions: {
      to: 'exhibitions',
      many: true,
      here: 'id',
      there: 'id',
      through: { table: 'showings', here: 'painting_id', there: 'exhibition_id' },
    },
  },
  frames: { painting: { to: 'paintings', many: false, here: 'painting_id', there: 'id' } },
  exhibitions: {
    showings: { to: 'showings', many: true, here: 'id', there: 'exhibition_id' },
    'paintings!showings': {
      to: 'paintings',
      many: true,
      here: 'id',
      there: 'id',
      through: { table: 'showings', here: 'exhibition_id', there: 'painting_id' },
    },
  },
  showings: {
    painting: { to: 'paintings', many: false, here: 'painting_id', there: 'id' },
    exhibition: { to: 'exhibitions', many: false, here: 'exhibition_id', there: 'id' },
  },
}

/** What makes an order total. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  frames: ['painting_id'],
  showings: ['painting_id', 'exhibition_id'],
}

/** Selectable beside the sortable places: whole lists, and JSON as JSON. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  paintings: ['keywords', 'sizes', 'rooms', 'meta->deep', 'meta->list->1', 'meta->grade', 'keywords->0', 'meta'],
  artists: ['tags', 'tags->0'],
}

export function randomQuestion(table: string, depth = 2): fc.Arbitrary<Asked> {
  return fc.array(randomEmbed(table, depth), { maxLength: depth > 0 ? 2 : 0 }).chain((embeds) => {
    const named = embeds.map((embed, i) => embed(`e${depth}${i}`))
    return fc
      .record({
        fields: fc.array(randomField(table), { minLength: 1, maxLength: 4 }),
        clauses: fc.array(randomClause(table, named, 2), { maxLength: 2 }),
        order: fc.array(randomSorting(table), { maxLength: 2 }),
        limit: fc.option(fc.integer({ min: 0, max: 12 })),
        offset: fc.oneof(
          { weight: 6, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) },
        ),
      })
      .map((parts) => assemble(table, parts, named))
  })
}

interface Parts {
  readonly fields: readonly ((name: string) => WrittenPick)[]
  readonly clauses: readonly WrittenClause[]
  readonly order: readonly (readonly [Sorting, string])[]
  readonly limit: number | null
  readonly offset: number
}

function assemble(
  table: string,
  { fields, clauses, order, limit, offset }: Parts,
  embeds: readonly WrittenPick[],
): Asked {
  const picks = [...fields.map((field, i) => field(`f${i}`)), ...embeds]
  const last = (KEYS[table] ?? ['id']).map((key): readonly [Sorting, string] => [
    { place: placeOf(key), down: false, nulls: null },
    key,
  ])
  const sortings = [...order, ...last]
  return {
    question: {
      table,
      select: picks.map(({ item }) => item),
      where: clauses.map(({ clause }) => clause),
      order: sortings.map(([sorting]) => sorting),
      limit,
      offset,
    },
    params: [
      ['select', picks.map(({ text }) => text).join(',')],
      ['order', sortings.map(([, text]) => text).join(',')],
      ...(limit === null ? [] : [['limit', String(limit)] as const]),
      ...(offset === 0 ? [] : [['offset', String(offset)] as const]),
      ...clauses.map(({ param }) => param('')),
      ...picks.flatMap(({ params }) => params),
    ],
  }
}

function randomField(table: string): fc.Arbitrary<(name: string) => WrittenPick> {
  const plain = fc.constantFrom(...sortablePlaces(table)).chain((path) =>
    fc.boolean().map((cast) => (name: string): WrittenPick => {
      // A decimal's text has digits that JSON does not show.
      const text = cast && path !== 'price' && path !== 'weight'
      return pick(name, path, text)
    }),
  )
  const whole = WHOLE[table]
  return whole
    ? fc.oneof(
        plain,
        fc.constantFrom(...whole).map((path) => (name: string) => pick(name, path, false)),
      )
    : plain
}

function pick(name: string, path: string, cast: boolean): WrittenPick {
  const text = `${name}:${path}${cast ? '::text' : ''}`
  return { item: { kind: 'field', name, place: placeOf(path), cast: cast ? 'text' : null }, text, params: [] }
}

function randomEmbed(table: string, depth: number): fc.Arbitrary<(name: string) => WrittenPick> {
  const links = Object.entries(LINKS[table] ?? {})
  return fc.constantFrom(...links).chain(([target, link]) =>
    fc.tuple(randomQuestion(link.to, depth - 1), fc.boolean()).map(([asked, inner]) => (name: string): WrittenPick => {
      // One row has no page.
      const of = link.many ? asked.question : { ...asked.question, limit: null, offset: 0 }
      const params = asked.params.filter(([key]) => key !== 'select' && (link.many || !/^(?:limit|offset)$/.test(key)))
      const [, select = ''] = asked.params.find(([key]) => key === 'select') ?? []
      return {
        item: { kind: 'embed', name, link, inner, of },
        text: `${name}:${target}${inner ? '!inner' : ''}(${select})`,
        params: params.map(([key, value]) => [`${name}.${key}`, value]),
      }
    }),
  )
}

function randomClause(table: string, embeds: readonly WrittenPick[], depth: number): fc.Arbitrary<WrittenClause> {
  const tests = randomTest(table).map(writeTest)
  const present =
    embeds.length === 0
      ? []
      : [
          fc
            .tuple(fc.constantFrom(...embeds.map(({ item }) => item.name)), fc.boolean())
            .map(([name, not]) => writePresent(name, not)),
        ]
  if (depth === 0) return fc.oneof(tests, ...present)
  const group = fc
    .tuple(
      fc.constantFrom('all' as const, 'some' as const),
      fc.boolean(),
      fc.array(randomClause(table, embeds, depth - 1), { minLength: 1, maxLength: 3 }),
    )
    .map(([kind, not, of]) => writeGroup(kind, not, of))
  return fc.oneof(
    { weight: 3, arbitrary: tests },
    { weight: 1, arbitrary: group },
    ...present.map((arbitrary) => ({ weight: 1, arbitrary })),
  )
}

function writeTest({ column, place, not, operator, value, quote, test }: WrittenTest): WrittenClause {
  const head = `${not ? 'not.' : ''}${operator}`
  return {
    clause: { kind: 'test', not, place, test },
    nested: `${column}.${head}.${quote ? quoted(value) : value}`,
    param: (prefix) => [`${prefix}${column}`, `${head}.${value}`],
  }
}

function writePresent(embed: string, not: boolean): WrittenClause {
  const word = `${not ? 'not.' : ''}is.null`
  return {
    clause: { kind: 'present', not, embed },
    nested: `${embed}.${word}`,
    param: (prefix) => [`${prefix}${embed}`, word],
  }
}

function writeGroup(kind: 'all' | 'some', not: boolean, of: readonly WrittenClause[]): WrittenClause {
  const word = `${not ? 'not.' : ''}${kind === 'all' ? 'and' : 'or'}`
  const inside = `(${of.map(({ nested }) => nested).join(',')})`
  return {
    clause: { kind, not, of: of.map(({ clause }) => clause) },
    nested: `${word}${inside}`,
    param: (prefix) => [`${prefix}${word}`, inside],
  }
}

function randomSorting(table: string): fc.Arbitrary<readonly [Sorting, string]> {
  return fc
    .tuple(
      fc.constantFrom(...sortablePlaces(table)),
      fc.constantFrom('', '.asc', '.desc'),
      fc.constantFrom(null, 'first', 'last'),
    )
    .map(([path, way, nulls]) => [
      { place: placeOf(path), down: way === '.desc', nulls },
      `${path}${way}${nulls === null ? '' : `.nulls${nulls}`}`,
    ])
}

/** `?a=b&…`, encoded. */
export function queryString(params: Asked['params']): string {
  return params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}
