/** Random filters: how each is written in a URL, and what it means, in one. */
import fc from 'fast-check'
import { compare, type Place, type Truth, type Value } from './evaluator.ts'
import { DAYS, TEXTS, WORDS } from './random-rows.ts'

/** A filter on one column. */
export interface WrittenTest {
  readonly column: string
  readonly place: Place
  readonly not: boolean
  /** `eq`, `like(any)`, … */
  readonly operator: string
  /** The value after `column=operator.`, as it is. */
  readonly value: string
  /** Whether the value needs double quotes inside `and=()` and `or=()`. */
  readonly quote: boolean
  readonly test: (value: Value) => Truth
}

type Operation = Pick<WrittenTest, 'operator' | 'value' | 'quote' | 'test'>
type Kind = 'number' | 'text' | 'flag' | 'day' | 'texts' | 'numbers' | 'range' | 'words'

/** The filterable places of each table: as written, and what is there. */
const PLACES: Readonly<Record<string, readonly (readonly [string, Kind])[]>> = {
  museums: [
    ['id', 'number'],
    ['city', 'text'],
    ['opened', 'day'],
  ],
  artists: [
    ['id', 'number'],
    ['name', 'text'],
    ['country', 'text'],
    ['born', 'day'],
    ['tags', 'texts'],
    ['tags->>0', 'text'],
    ['mentor_id', 'number'],
  ],
  paintings: [
    ['id', 'number'],
    ['title', 'text'],
    ['year', 'number'],
    ['price', 'number'],
    ['weight', 'number'],
    ['serial', 'number'],
    ['sold', 'flag'],
    ['rooms', 'range'],
    ['keywords', 'texts'],
    ['keywords->>-1', 'text'],
    ['sizes', 'numbers'],
    ['notes', 'words'],
    ['meta->>grade', 'text'],
    ['meta->>two words', 'text'],
    ['meta->deep->>n', 'text'],
    ['meta->deep->>left-hand', 'text'],
    ['meta->list->>0', 'text'],
    ['meta->list->>-1', 'text'],
    ['meta->>missing', 'text'],
  ],
  frames: [
    ['painting_id', 'number'],
    ['wood', 'text'],
  ],
  exhibitions: [
    ['id', 'number'],
    ['name', 'text'],
    ['opens', 'day'],
  ],
  showings: [
    ['painting_id', 'number'],
    ['room', 'text'],
    ['rank', 'number'],
  ],
}

/** The places of a table that have an order. */
export function sortablePlaces(table: string): readonly string[] {
  return (PLACES[table] ?? [])
    .filter(([, kind]) => kind === 'number' || kind === 'text' || kind === 'day' || kind === 'flag')
    .map(([path]) => path)
}

export function placeOf(path: string): Place {
  const [column = '', ...steps] = path.split(/->>?/)
  const keys = steps.map((step) => (/^-?\d+$/.test(step) ? Number(step) : step))
  return { column, keys, text: path.includes('->>') }
}

export function randomTest(table: string): fc.Arbitrary<WrittenTest> {
  return fc.constantFrom(...(PLACES[table] ?? [])).chain(([column, kind]) =>
    fc
      .record({
        operation: fc.oneof({ weight: 5, arbitrary: OPERATIONS[kind] }, { weight: 1, arbitrary: nullness }),
        not: fc.boolean(),
      })
      .map(({ operation, not }) => ({ column, place: placeOf(column), not, ...operation })),
  )
}

/** The test of a value that is there; null stays unknown. */
function known(test: (value: Value) => boolean): (value: Value) => Truth {
  return (value) => (value === null ? null : test(value))
}

const nullness: fc.Arbitrary<Operation> = fc.constantFrom(
  { operator: 'is', value: 'null', quote: false, test: (value: Value) => value === null },
  { operator: 'is', value: 'not_null', quote: false, test: (value: Value) => value !== null },
)

const COMPARISONS: Readonly<Record<string, (difference: number) => boolean>> = {
  eq: (d) => d === 0,
  neq: (d) => d !== 0,
  gt: (d) => d > 0,
  gte: (d) => d >= 0,
  lt: (d) => d < 0,
  lte: (d) => d <= 0,
}
const QUANTIFIED = ['eq', 'gt', 'gte', 'lt', 'lte'] as const

/** Comparison, distinctness, lists and quantifiers over values that have an order. */
function ordered(values: fc.Arbitrary<string | number>): fc.Arbitrary<Operation> {
  const some = fc.array(values, { maxLength: 3 })
  return fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(COMPARISONS)), values).map(([operator, value]) => ({
      operator,
      value: String(value),
      quote: true,
      test: known((there) => COMPARISONS[operator]?.(compare(there, value)) ?? false),
    })),
    values.map((value) => ({
      operator: 'isdistinct',
      value: String(value),
      quote: true,
      test: (there: Value) => there === null || compare(there, value) !== 0,
    })),
    some.map((list) => ({
      operator: 'in',
      value: `(${list.map(quoted).join(',')})`,
      quote: false,
      // Of an empty list even null is known not to be in it.
      test: (there: Value) =>
        list.length === 0 ? false : there === null ? null : list.some((v) => compare(there, v) === 0),
    })),
    fc
      .tuple(fc.constantFrom(...QUANTIFIED), fc.constantFrom('any', 'all'), some)
      .map(([operator, quantifier, list]) => ({
        operator: `${operator}(${quantifier})`,
        value: `{${list.map(quoted).join(',')}}`,
        quote: false,
        test: (there: Value) =>
          quantify(quantifier, list, there, (value) => COMPARISONS[operator]?.(compare(there, value)) ?? false),
      })),
  )
}

function quantify<T>(quantifier: string, list: readonly T[], there: Value, holds: (value: T) => boolean): Truth {
  if (list.length === 0) return quantifier === 'all'
  if (there === null) return null
  return quantifier === 'any' ? list.some(holds) : list.every(holds)
}

/** In double quotes, as lists, arrays and logic read it. */
export function quoted(value: string | number): string {
  return `"${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const PATTERNS = ['a*', '*b*', '_b_', 'A%', '*', '*e', 'ab_', '*1%', ' *', 'zz'] as const
const EXPRESSIONS = ['^a', 'b$', '^[a-z]+$', 'a.*b', '[0-9]', '^ '] as const

function likeness(pattern: string, flags: string): (value: Value) => boolean {
  const source = [...pattern].map((c) => (c === '*' || c === '%' ? '.*' : c === '_' ? '.' : c)).join('')
  return (value) => new RegExp(`^${source}$`, `su${flags}`).test(String(value))
}

const pattern: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(fc.constantFrom('like', 'ilike'), fc.constantFrom(...PATTERNS)).map(([operator, value]) => ({
    operator,
    value,
    quote: true,
    test: known(likeness(value, operator === 'ilike' ? 'i' : '')),
  })),
  fc
    .tuple(
      fc.constantFrom('like', 'ilike'),
      fc.constantFrom('any', 'all'),
      fc.array(fc.constantFrom(...PATTERNS), { maxLength: 2 }),
    )
    .map(([operator, quantifier, list]) => ({
      operator: `${operator}(${quantifier})`,
      value: `{${list.map(quoted).join(',')}}`,
      quote: false,
      test: (there: Value) =>
        quantify(quantifier, list, there, (value) => likeness(value, operator === 'ilike' ? 'i' : '')(there)),
    })),
  fc.tuple(fc.constantFrom('match', 'imatch'), fc.constantFrom(...EXPRESSIONS)).map(([operator, value]) => ({
    operator,
    value,
    quote: true,
    test: known((there) => new RegExp(value, operator === 'imatch' ? 'isu' : 'su').test(String(there))),
  })),
)

/** cs, cd and ov: sets, by what they hold. */
function sets(items: fc.Arbitrary<string | number>): fc.Arbitrary<Operation> {
  const relations: Readonly<Record<string, (there: readonly Value[], list: readonly Value[]) => boolean>> = {
    cs: (there, list) => list.every((item) => there.includes(item)),
    cd: (there, list) => there.every((item) => list.includes(item)),
    ov: (there, list) => there.some((item) => list.includes(item)),
    eq: (there, list) => JSON.stringify(there) === JSON.stringify(list),
  }
  return fc
    .tuple(fc.constantFrom(...Object.keys(relations)), fc.uniqueArray(items, { maxLength: 3 }))
    .map(([operator, list]) => ({
      operator,
      value: `{${list.map(quoted).join(',')}}`,
      quote: false,
      test: known((there) => relations[operator]?.(there as readonly Value[], list) ?? false), // of a list column
    }))
}

/** Ranges of whole numbers, from the first number in it to the first behind it. */
const ranges: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.constantFrom('cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj', 'eq', 'neq'),
    fc.integer({ min: -3, max: 12 }),
    fc.integer({ min: 1, max: 6 }),
    fc.boolean(),
  )
  .map(([operator, from, size, closed]) => ({
    operator,
    value: closed ? `[${from},${from + size - 1}]` : `[${from},${from + size})`,
    quote: true,
    test: known((there) => {
      const [a = 0, b = 0] = String(there).match(/-?\d+/g)?.map(Number) ?? []
      return RELATIONS[operator]?.(a, b, from, from + size) ?? false
    }),
  }))

const RELATIONS: Readonly<Record<string, (a: number, b: number, c: number, d: number) => boolean>> = {
  cs: (a, b, c, d) => a <= c && d <= b,
  cd: (a, b, c, d) => c <= a && b <= d,
  ov: (a, b, c, d) => a < d && c < b,
  sl: (_a, b, c) => b <= c,
  sr: (a, _b, _c, d) => a >= d,
  nxr: (_a, b, _c, d) => b <= d,
  nxl: (a, _b, c) => a >= c,
  adj: (a, b, c, d) => b === c || d === a,
  eq: (a, b, c, d) => a === c && b === d,
  neq: (a, b, c, d) => a !== c || b !== d,
}

/** Full text of plain words, in the configuration that changes none of them. */
const words: fc.Arbitrary<Operation> = fc
  .tuple(fc.constantFrom('fts', 'plfts', 'phfts', 'wfts'), fc.constantFrom(...WORDS), fc.constantFrom(...WORDS))
  .map(([operator, one, two]) => {
    const value = { fts: `${one} & !${two}`, plfts: `${one} ${two}`, phfts: `${one} ${two}`, wfts: `${one} or ${two}` }
    const test = {
      fts: (has: (word: string) => boolean) => has(one) && !has(two),
      plfts: (has: (word: string) => boolean) => has(one) && has(two),
      phfts: (_has: (word: string) => boolean, text: string) => ` ${text} `.includes(` ${one} ${two} `),
      wfts: (has: (word: string) => boolean) => has(one) || has(two),
    }
    return {
      operator: `${operator}(simple)`,
      value: value[operator],
      quote: true,
      test: known((there) => test[operator]((word) => String(there).split(' ').includes(word), String(there))),
    }
  })

const truths: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(fc.constantFrom('eq', 'neq'), fc.boolean()).map(([operator, flag]) => ({
    operator,
    value: String(flag),
    quote: false,
    test: known((there) => (operator === 'eq') === (there === flag)),
  })),
  fc.constantFrom('true', 'false', 'unknown').map((word) => ({
    operator: 'is',
    value: word,
    quote: false,
    test: (there: Value) => (word === 'unknown' ? there === null : String(there) === word),
  })),
)

const numbers = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(9007199254740991, -9007199254740991))
const texts = fc.constantFrom(...TEXTS)

const OPERATIONS: Readonly<Record<Kind, fc.Arbitrary<Operation>>> = {
  number: ordered(numbers),
  text: fc.oneof(ordered(texts), pattern),
  flag: truths,
  day: ordered(fc.constantFrom(...DAYS)),
  texts: sets(texts),
  numbers: sets(fc.integer({ min: -3, max: 12 })),
  range: ranges,
  words,
}
