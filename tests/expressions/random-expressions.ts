/** Random expressions of a wanted type over the sample schema, as an author could write them. */
import type { ExpressionType } from '@backsaas/core'
import type { Random } from './random.ts'
import { poolOf, UUIDS } from './sample-schema.ts'

/** What a place in an expression can be. */
export type Wanted = Extract<
  ExpressionType,
  | (
      | 'bool'
      | 'int'
      | 'decimal'
      | 'double'
      | 'string'
      | 'uuid'
      | 'date'
      | 'time'
      | 'timestamp'
      | 'duration'
      | 'bytes'
      | 'json'
    )
  | ('list(string)' | 'list(int)' | 'list(decimal)' | 'list(uuid)' | 'list(date)' | 'list(json)')
>

interface Names {
  /** Elements and rows that quantifiers around have named. */
  readonly elements: readonly { readonly name: string; readonly type: Wanted }[]
  readonly row: string | null
}

type Make = (depth: number, names: Names) => string
type Making = (want: (type: Wanted, names?: Names) => string, random: Random, names: Names) => string

const FIELDS_OF: Readonly<Record<Wanted, readonly string[]>> = {
  bool: ['flag'],
  int: ['count', 'total'],
  decimal: ['price', 'rate'],
  double: ['ratio', 'weight'],
  string: ['name', 'note', 'status'],
  uuid: ['owner'],
  date: ['born'],
  time: ['opens'],
  timestamp: ['starts', 'ends'],
  duration: ['lasts'],
  bytes: ['data'],
  json: ['meta'],
  'list(string)': ['tags'],
  'list(int)': ['sizes'],
  'list(decimal)': ['prices'],
  'list(uuid)': ['owners'],
  'list(date)': ['days'],
  'list(json)': ['parts'],
}
const SCALARS: readonly Wanted[] = [
  ...([
    'bool',
    'int',
    'decimal',
    'double',
    'string',
    'uuid',
    'date',
    'time',
    'timestamp',
    'duration',
    'bytes',
  ] as const),
]
const ORDERED: readonly Wanted[] = SCALARS.filter((type) => type !== 'bool')
const NUMBERS: readonly Wanted[] = ['int', 'decimal', 'double']
const LISTS: readonly Wanted[] = ['list(string)', 'list(int)', 'list(decimal)', 'list(uuid)', 'list(date)']
const TEXT_IN: readonly Wanted[] = ['int', 'decimal', 'bool', 'uuid', 'date', 'time', 'timestamp', 'json', 'string']
const GETTERS = [
  ...['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear'],
  ...['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'],
] as const

/** An expression of `type` about `depth` levels deep. */
export function randomExpression(random: Random, type: Wanted, depth: number): string {
  const make =
    (wanted: Wanted): Make =>
    (left, names) => {
      const options = left <= 0 || random.chance(0.15) ? LEAVES : COMPOUND[wanted]
      const want = (inner: Wanted, within = names): string => make(inner)(left - 1, within)
      if (options === LEAVES) return leaf(random, wanted, names)
      const making = random.pick(COMPOUND[wanted])
      return making(want, random, names)
    }
  return make(type)(depth, { elements: [], row: null })
}

const LEAVES: readonly Making[] = []

function leaf(random: Random, type: Wanted, names: Names): string {
  const elements = names.elements.filter((element) => element.type === type)
  if (elements.length > 0 && random.chance(0.6)) return random.pick(elements).name
  const field = random.pick(FIELDS_OF[type])
  if (names.row !== null && random.chance(0.5)) return `${names.row}.${field}`
  if (random.chance(0.25)) return literal(random, type) ?? field
  if (type === 'string' && random.chance(0.15)) {
    return random.pick(['current_user.id', 'current_user.kind', 'current_user.email', 'tenant.id', 'tenant.slug'])
  }
  if (type === 'list(string)' && random.chance(0.15)) return 'current_user.roles'
  if (type === 'timestamp' && random.chance(0.15)) return 'now()'
  return random.pick([field, field, field, `self.${field}`, `parent.${field}`, `input.${field}`])
}

/** Null where the type has none. */
function literal(random: Random, type: Wanted): string | null {
  switch (type) {
    case 'bool':
      return random.pick(['true', 'false'])
    case 'int':
      return random.pick(poolOf('bigint'))
    case 'decimal':
      return random.pick(['0.5', '1.50', '-2.25', '100.0', '0.1', '3.0', '12345678901234567890.5'])
    case 'double':
      return `double(${random.pick(['0.5', '1', '-2.5', '100', '1e20', '3'])})`
    case 'string':
      return quoted(random.pick(poolOf('string')))
    case 'uuid':
      return `uuid('${random.pick(UUIDS)}')`
    case 'date':
      return `date('${random.pick(poolOf('date'))}')`
    case 'time':
      return `time('${random.pick(['00:00:00', '17:30:00', '12:00:00.5'])}')`
    case 'timestamp':
      return `timestamp('${random.pick(['2024-02-29T12:30:45.123456Z', '1970-01-01T00:00:00Z', '2024-01-31T10:00:00+02:00'])}')`
    case 'duration':
      return `duration('${random.pick(['P1D', 'P1M', 'P1Y2M3DT4H5M6.5S', 'PT24H', '1h30m', '-90s', 'P30D'])}')`
    case 'bytes':
      return random.pick(["b'a'", "b''", "b'ab'", "b'\\xff'"])
    case 'list(string)':
      return `[${quoted(random.pick(poolOf('string')))}, 'a']`
    case 'list(int)':
      return '[1, 2, -1]'
    case 'list(decimal)':
      return '[1.5, 2, 0.1]'
    default:
      return null
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

const choice =
  (type: Wanted): Making =>
  (want, random) =>
    random.pick([
      () => `(${want('bool')} ? ${want(type)} : ${want(type)})`,
      () => `coalesce(${want(type)}, ${want(type)})`,
      () => `(${want('bool')} ? ${want(type)} : null)`,
    ])()

const arithmetic =
  (type: 'int' | 'decimal' | 'double'): Making =>
  (want, random) => {
    const below: readonly Wanted[] = NUMBERS.slice(0, NUMBERS.indexOf(type) + 1)
    const [left, right] = [want(type), want(random.pick(below))]
    const operator = random.pick(type === 'double' ? ['+', '-', '*', '/'] : ['+', '-', '*', '/', '%'])
    return random.chance(0.5) ? `(${left} ${operator} ${right})` : `(${right} ${operator} ${left})`
  }

const quantifier: Making = (want, random, names) => {
  if (names.elements.length > 1) return want('bool')
  const type = random.pick(LISTS)
  const name = `x${names.elements.length}`
  const element = { name, type: type.slice(5, -1) as Wanted } // the elements of LISTS
  const within = { ...names, elements: [...names.elements, element] }
  const condition = random.chance(0.5)
    ? want('bool', within)
    : `(${name} ${random.pick(['==', '<='])} ${want(element.type, within)})`
  return `${want(type)}.${random.pick(['exists', 'all', 'exists_one'])}(${name}, ${condition})`
}

const relation: Making = (want, random, names) => {
  if (names.row !== null) return want('bool')
  return `children.${random.pick(['exists', 'all'])}(r, ${want('bool', { ...names, row: 'r' })})`
}

const comparison: Making = (want, random) => {
  const [type, operators] = random.chance(0.5)
    ? [random.pick(ORDERED), ['<', '<=', '>', '>=']]
    : [random.pick(SCALARS), ['==', '!=']]
  const other = NUMBERS.includes(type) ? random.pick(NUMBERS) : type
  return `(${want(type)} ${random.pick(operators)} ${want(other)})`
}

const inList: Making = (want, random) => {
  const type = random.pick(SCALARS)
  if (random.chance(0.5)) return `(${want(type)} in [${want(type)}, ${want(type)}])`
  const list = random.pick(LISTS)
  return `(${want(list.slice(5, -1) as Wanted)} in ${want(list)})` // the elements of LISTS
}

const COMPOUND: Readonly<Record<Wanted, readonly Making[]>> = {
  bool: [
    ...[comparison, comparison, comparison, quantifier, relation, inList, choice('bool')],
    (want, random) => `(${want('bool')} ${random.pick(['&&', '||'])} ${want('bool')})`,
    (want, random) => {
      const operator = random.pick([' && ', ' || '])
      return `(${[want('bool'), want('bool'), want('bool')].join(operator)})`
    },
    (want) => `!${want('bool')}`,
    (want, random) => `(${want(random.pick([...SCALARS, ...LISTS]))} ${random.pick(['==', '!='])} null)`,
    (want, random) => `${want('string')}.${random.pick(['contains', 'startsWith', 'endsWith'])}(${want('string')})`,
    (_want, random) => `has(${random.pick(['self.name', 'meta.a', 'parent.price', 'input.tags', 'self.period'])})`,
    (want, random) => `bool(${want(random.pick(['string', 'json', 'bool']))})`,
    (want, random) =>
      `(${want('json')} ${random.pick(['==', '!='])} ${want(random.pick(['string', 'int', 'decimal', 'bool', 'json']))})`,
    (want, random) => `(${want('json')} ${random.pick(['<', '>='])} ${want(random.pick(['string', 'int', 'double']))})`,
    (want, random) => `(${want('json')} in [${want(random.pick(['string', 'int']))}, ${want('json')}])`,
    (want, random) => {
      const list = random.pick(LISTS)
      return `(${want(list)} ${random.pick(['==', '!='])} ${want(list)})`
    },
    (want, random) => `(${want('uuid')} ${random.pick(['==', '!='])} ${want('string')})`,
    (want, random) => `(${want('date')} ${random.pick(['<', '==', '>='])} ${want('timestamp')})`,
    (want, random) => `(${want('date')} ${random.pick(['<', '=='])} '${random.pick(poolOf('date'))}')`,
  ],
  int: [
    ...[arithmetic('int'), arithmetic('int'), choice('int')],
    (want) => `-${want('int').replace(/^-/, '')}`,
    (want, random) => `int(${want(random.pick(['int', 'decimal', 'double', 'string', 'json']))})`,
    (want, random) => `size(${want(random.pick(['string', 'bytes', 'list(string)', 'list(int)', 'list(json)']))})`,
    (want) => `${want('string')}.indexOf(${want('string')})`,
    (want, random) => `${want(random.pick(['timestamp', 'date']))}.${random.pick(GETTERS)}()`,
    (want) => `math.abs(${want('int')})`,
    (want, random) => `math.${random.pick(['greatest', 'least'])}(${want('int')}, ${want('int')}, ${want('int')})`,
    (want, random) => `${want('list(int)')}[${random.below(4)}]`,
  ],
  decimal: [
    ...[arithmetic('decimal'), arithmetic('decimal'), choice('decimal')],
    (want, random) => `decimal(${want(random.pick(['int', 'double', 'string', 'json']))})`,
    (want, random) => `math.${random.pick(['abs', 'ceil', 'floor', 'round'])}(${want('decimal')})`,
    (want, random) => `math.round(${want('decimal')}, ${random.below(5)})`,
    (want) => `-${want('decimal').replace(/^-/, '')}`,
    (want, random) => `math.${random.pick(['greatest', 'least'])}(${want('decimal')}, ${want('int')})`,
    (want, random) => `${want('list(decimal)')}[${random.below(3)}]`,
  ],
  double: [
    ...[arithmetic('double'), arithmetic('double'), choice('double')],
    (want, random) => `double(${want(random.pick(['int', 'decimal', 'string', 'json']))})`,
    (want, random) => `math.${random.pick(['abs', 'ceil', 'floor', 'round'])}(${want('double')})`,
    (want) => `-${want('double').replace(/^-/, '')}`,
    (want, random) => `math.${random.pick(['greatest', 'least'])}(${want('double')}, ${want('int')})`,
  ],
  string: [
    ...[choice('string')],
    (want) => `(${want('string')} + ${want('string')})`,
    (want, random) => `${want('string')}.${random.pick(['lowerAscii', 'upperAscii', 'trim'])}()`,
    (want, random) =>
      `${want('string')}.replace(${quoted(random.pick(['a', ',', '😀', "it's"]))}, ${quoted(random.pick(['', 'b', '\\1&', '$&']))})`,
    (want, random) => `${want('string')}.substring(${want('int')}${random.chance(0.5) ? `, ${want('int')}` : ''})`,
    (want, random) => `${want('string')}.charAt(${random.chance(0.5) ? random.below(3) : want('int')})`,
    (want, random) => `string(${want(random.pick(TEXT_IN))})`,
    (want, random) => `${want('list(string)')}.join(${random.pick(['', "','", "'😀'"])})`,
    (want, random) => `${want('list(string)')}[${random.below(4)}]`,
  ],
  uuid: [
    choice('uuid'),
    (want) => `uuid(${want('string')})`,
    (want, random) => `${want('list(uuid)')}[${random.below(3)}]`,
  ],
  date: [
    choice('date'),
    (want, random) => `date(${want(random.pick(['timestamp', 'string', 'date']))})`,
    () => 'today()',
  ],
  time: [choice('time')],
  timestamp: [
    choice('timestamp'),
    (want, random) => `(${want('timestamp')} ${random.pick(['+', '-'])} ${want('duration')})`,
    (want) => `(${want('duration')} + ${want('timestamp')})`,
    (want, random) => `timestamp(${want(random.pick(['date', 'string', 'timestamp']))})`,
    (want, random) => `math.${random.pick(['greatest', 'least'])}(${want('timestamp')}, ${want('date')})`,
    () => "(now() - duration('P30D'))",
  ],
  duration: [
    choice('duration'),
    (want, random) => `(${want('duration')} ${random.pick(['+', '-'])} ${want('duration')})`,
    (want) => `(${want('timestamp')} - ${want('timestamp')})`,
  ],
  bytes: [choice('bytes')],
  json: [
    choice('json'),
    (_want, random) =>
      `${random.pick(['meta', 'parent.meta', 'input.meta'])}.${random.pick(['a', 'b', 'list', 'a.b', 'list[0]', 'list[1]'])}`,
    (_want, random) => `meta[${random.pick(["'a'", "'it\\'s'", '0', '1', "'list'"])}]`,
    (want, random) => `${want('list(json)')}[${random.below(3)}]`,
    (_want, random) => `parts[${random.below(2)}].a`,
  ],
  'list(string)': [
    choice('list(string)'),
    (want, random) => `${want('string')}.split(${random.pick(["','", "''", "'a'", "'😀'"])})`,
  ],
  'list(int)': [choice('list(int)'), (want) => `[${want('int')}, ${want('int')}]`],
  'list(decimal)': [choice('list(decimal)'), (want) => `[${want('decimal')}, ${want('int')}]`],
  'list(uuid)': [choice('list(uuid)'), (want) => `[${want('uuid')}]`],
  'list(date)': [choice('list(date)'), (want) => `[${want('date')}, ${want('date')}]`],
  'list(json)': [choice('list(json)')],
}

export const WANTED: readonly Wanted[] = Object.keys(FIELDS_OF) as Wanted[] // the keys of a record of them
