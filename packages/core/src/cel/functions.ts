/** The functions of the language, by what they take and come to; those with rules of their own are in `check-functions.ts`. */
import type { CallName, ExpressionType } from '../contracts/expression.ts'

export interface Parameter {
  readonly type: ExpressionType
  /** Only a constant will do. */
  readonly literal?: boolean
  readonly optional?: boolean
}

export interface Method {
  readonly call: CallName
  readonly on: readonly ExpressionType[]
  readonly parameters: readonly Parameter[]
  readonly result: ExpressionType
}

const text: Parameter = { type: 'string' }
const constant: Parameter = { type: 'string', literal: true }
const position: Parameter = { type: 'int' }

function ofText(call: CallName, result: ExpressionType, ...parameters: readonly Parameter[]): Method {
  return { call, on: ['string'], parameters, result }
}

function part(call: CallName): Method {
  return { call, on: ['timestamp', 'date'], parameters: [], result: 'int' }
}

/** `receiver.name(…)`. */
export const METHODS: Readonly<Record<string, Method>> = {
  contains: ofText('contains', 'bool', text),
  startsWith: ofText('startsWith', 'bool', text),
  endsWith: ofText('endsWith', 'bool', text),
  lowerAscii: ofText('lowerAscii', 'string'),
  upperAscii: ofText('upperAscii', 'string'),
  trim: ofText('trim', 'string'),
  split: ofText('split', 'list(string)', constant),
  replace: ofText('replace', 'string', constant, constant),
  substring: ofText('substring', 'string', position, { ...position, optional: true }),
  indexOf: ofText('indexOf', 'int', text),
  charAt: ofText('charAt', 'string', position),
  matches: ofText('matches', 'bool', constant),
  join: { call: 'join', on: ['list(string)'], parameters: [{ ...constant, optional: true }], result: 'string' },
  getFullYear: part('getFullYear'),
  getMonth: part('getMonth'),
  getDate: part('getDate'),
  getDayOfMonth: part('getDayOfMonth'),
  getDayOfWeek: part('getDayOfWeek'),
  getDayOfYear: part('getDayOfYear'),
  getHours: part('getHours'),
  getMinutes: part('getMinutes'),
  getSeconds: part('getSeconds'),
  getMilliseconds: part('getMilliseconds'),
}

export type Conversion = 'int' | 'decimal' | 'double' | 'string' | 'bool' | 'uuid' | 'date' | 'timestamp'

/** What each conversion takes. */
export const CONVERSIONS: Readonly<Record<Conversion, readonly ExpressionType[]>> = {
  int: ['int', 'decimal', 'double', 'string', 'json'],
  decimal: ['decimal', 'int', 'double', 'string', 'json'],
  double: ['double', 'int', 'decimal', 'string', 'json'],
  string: ['string', 'int', 'decimal', 'bool', 'uuid', 'date', 'time', 'timestamp', 'json'],
  bool: ['bool', 'string', 'json'],
  uuid: ['uuid', 'string'],
  date: ['date', 'timestamp', 'string'],
  timestamp: ['timestamp', 'date', 'string'],
}

/** Conversions that read a constant alone. */
export const CONSTANTS = ['duration', 'time'] as const

export const MATH = ['abs', 'ceil', 'floor', 'round', 'greatest', 'least'] as const

/** `name(…)`, beside the conversions. */
export const GLOBALS: readonly string[] = ['now', 'today', 'coalesce', 'changed', 'has', 'size']

/** What authors look for, and what there is instead. */
export const INSTEAD: Readonly<Record<string, string>> = {
  lower: 'write `text.lowerAscii()`: other letters have no lower case that is the same everywhere',
  upper: 'write `text.upperAscii()`: other letters have no upper case that is the same everywhere',
  toLowerCase: 'write `text.lowerAscii()`',
  toUpperCase: 'write `text.upperAscii()`',
  length: 'write `size(x)`',
  len: 'write `size(x)`',
  count: 'write `size(x)`',
  includes: 'write `text.contains(part)` or `value in list`',
  slice: 'write `text.substring(from, to)`',
  substr: 'write `text.substring(from, to)`',
  map: 'ask with `exists`, `all` or `exists_one`',
  filter: 'ask with `exists`, `all` or `exists_one`',
  any: 'write `exists`',
  some: 'write `exists`',
  every: 'write `all`',
  uint: 'write `int(x)`',
  float: 'write `double(x)`',
  number: 'write `int(x)`, `decimal(x)` or `double(x)`',
  type: 'types are known when a schema is published',
  dyn: 'types are known when a schema is published',
  bytes: "write `b'…'`",
  max: 'write `math.greatest(a, b)`',
  min: 'write `math.least(a, b)`',
  ifnull: 'write `coalesce(a, b)`',
  concat: 'write `a + b`',
}
