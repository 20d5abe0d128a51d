/** Entities with a field of every type, and rows of them whose values sit at the ends of what types hold. */
import type { FieldType } from '@backsaas/core'
import type { ContextEntity } from '@backsaas/core/cel'
import type { Random } from './random.ts'

interface SampleField {
  readonly type: FieldType
  readonly list: boolean
  readonly values?: readonly string[]
}

const scalar = (type: FieldType): SampleField => ({ type, list: false })
const list = (type: FieldType): SampleField => ({ type, list: true })

export const FIELDS: Readonly<Record<string, SampleField>> = {
  flag: scalar('boolean'),
  count: scalar('integer'),
  total: scalar('bigint'),
  price: scalar('decimal'),
  rate: scalar('decimal'),
  ratio: scalar('float'),
  weight: scalar('float'),
  name: scalar('string'),
  note: scalar('text'),
  status: { type: 'enum', list: false, values: ['lead', 'prospect', 'customer'] },
  owner: scalar('uuid'),
  born: scalar('date'),
  opens: scalar('time'),
  starts: scalar('timestamp'),
  ends: scalar('timestamp'),
  lasts: scalar('interval'),
  data: scalar('bytes'),
  meta: scalar('json'),
  period: scalar('date_range'),
  tags: list('string'),
  sizes: list('integer'),
  prices: list('decimal'),
  owners: list('uuid'),
  days: list('date'),
  parts: list('json'),
}

const RELATIONS: ContextEntity['relations'] = {
  parent: { kind: 'one', entity: 'items' },
  children: { kind: 'many', entity: 'items' },
}

export const ENTITIES: Readonly<Record<string, ContextEntity>> = { items: { fields: FIELDS, relations: RELATIONS } }

export const UUIDS = [
  '018f0000-0000-7000-8000-000000000001',
  'ffffffff-ffff-4fff-bfff-ffffffffffff',
  '00000000-0000-0000-0000-000000000000',
] as const

const TEXTS = [
  ...[
    '',
    'a',
    'b',
    'A',
    'ab',
    'a,b',
    ',',
    ' a ',
    '\u00a0x\u3000\n',
    'é',
    'É',
    'ß',
    'İ',
    '😀',
    '\uffff',
    '😀a😀',
    'e\u0301',
  ],
  ...["it's", 'back\\slash', '"quoted"', '%', '_', '.*', '$1', 'line\nbreak', 'null', 'true', 'false', 'lead', 'Zebra'],
  ...[
    '12',
    '-5',
    '1.50',
    '1e3',
    '9223372036854775807',
    '9223372036854775808',
    '99999999999999999999',
    '-0',
    ' 7',
    '+7',
  ],
  ...['2024-02-29', '2023-02-29', '0000-01-01', '2024-01-31T10:00:00Z', '2024-01-31T10:00:00.5+02:00', '2024-13-01'],
  ...[UUIDS[0], UUIDS[1].toUpperCase(), 'not-a-uuid', '{018f0000-0000-7000-8000-000000000001}', 'a@example.com'],
] as const
const INTEGERS = ['0', '1', '-1', '2', '3', '7', '-10', '100', '2147483647', '-2147483648'] as const
const BIGINTS = [
  ...INTEGERS,
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '4611686018427387904',
] as const
const DECIMALS = [
  ...['0', '1', '-1', '0.1', '0.5', '-0.5', '1.5', '2.5', '-2.5', '3', '7', '1.50', '100.00', '0.0000001'],
  ...[
    '123456789012345678901234567890.123456789',
    '-99999999999999999999',
    '0.333333333333333333333',
    '9223372036854775807.5',
  ],
] as const
const DOUBLES = [
  ...['0', '1', '-1', '0.1', '0.5', '-0.5', '1.5', '2.5', '-2.5', '3', '1e300', '-1e300', '1e-300', '5e-324'],
  ...['1.7976931348623157e308', '9007199254740993', '0.30000000000000004', '9223372036854775807', '1e20', '-0'],
] as const
const DATES = [
  '2024-02-29',
  '2024-01-31',
  '1970-01-01',
  '1969-12-31',
  '2000-01-01',
  '0001-01-01',
  '9999-12-31',
] as const
const TIMES = ['00:00:00', '23:59:59.999999', '17:30:00', '12:00:00.5', '24:00:00'] as const
const TIMESTAMPS = [
  ...['2024-02-29T12:30:45.123456Z', '2024-01-31T23:59:59.999999Z', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59.5Z'],
  ...['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2024-01-31T10:00:00Z', '100000-12-31T23:59:59.999999Z'],
] as const
const DURATIONS = [
  ...['00:00:00', '1 day', '24:00:00', '1 mon', '30 days', '-1 mons +3 days -04:05:06.5', '1 year 2 mons', '-00:00:01'],
  ...['178000000 years', '2147483647 days'],
] as const
const BYTES = ['\\x', '\\x00', '\\x61', '\\x6162', '\\xff'] as const
const JSON_TEXTS = [
  ...[
    'null',
    '1',
    '1.5',
    '-7',
    '"a"',
    '""',
    'true',
    'false',
    '[]',
    '{}',
    '{"a": 1}',
    '{"a": "b", "list": [1, "a", null]}',
  ],
  ...[
    '{"a": null}',
    '{"a": {"b": 2.50}}',
    '[1, 2]',
    '["a"]',
    '{"list": [], "a": true}',
    '{"a": "12", "b": 1e3}',
    '[null, {"a": "a"}]',
  ],
] as const
const RANGES = ['[2024-01-01,2024-02-01)', 'empty', '(,)'] as const

const POOLS: Readonly<Partial<Record<FieldType, readonly string[]>>> = {
  boolean: ['true', 'false'],
  integer: INTEGERS,
  bigint: BIGINTS,
  decimal: DECIMALS,
  float: DOUBLES,
  string: TEXTS,
  text: TEXTS,
  enum: ['lead', 'prospect', 'customer'],
  uuid: UUIDS,
  date: DATES,
  time: TIMES,
  timestamp: TIMESTAMPS,
  interval: DURATIONS,
  bytes: BYTES,
  json: JSON_TEXTS,
  date_range: RANGES,
}

/** Values of a type as Postgres reads them. */
export function poolOf(type: FieldType): readonly string[] {
  return POOLS[type] ?? []
}

const NULLS = 0.15

/** By field: a text that Postgres reads, a list of them, or null. */
export type SampleRow = Readonly<Record<string, string | null | readonly (string | null)[]>>

/** Rows that some mistakes are only seen by. */
export const SPECIAL_ROWS: readonly SampleRow[] = [
  { name: '\uffff', note: '😀', count: '0', total: '9223372036854775807', sizes: [], tags: [], flag: 'false' },
  { name: 'a', note: 'B', count: null, total: '1', sizes: [], tags: null, flag: null, meta: '{"a": 1.5, "b": "b"}' },
  { name: 'B', note: 'a', count: '0', total: '1', sizes: [null], tags: ['a', null], flag: 'true', meta: 'null' },
  { name: '😀a😀', note: 'a', count: '1', total: '7', sizes: ['1'], tags: ['x'], flag: 'true' },
  { name: '1e400' },
]

export function randomRow(random: Random): SampleRow {
  return Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => {
      const item = (): string | null => (random.chance(NULLS) ? null : random.pick(poolOf(field.type)))
      if (!field.list || random.chance(NULLS)) return [name, field.list ? null : item()]
      return [name, Array.from({ length: random.below(4) }, item)]
    }),
  )
}
