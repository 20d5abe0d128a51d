/** Operators and functions as SQL, each from its operands. */
import { type SQL, sql } from 'drizzle-orm'
import type { CallName, Expression, ExpressionType } from '../contracts/expression.ts'
import { invariant } from '../errors/invariant.ts'
import { TEXT_FORMS } from './js-conversion-calls.ts'
import { WHITE_SPACE } from './js-text-calls.ts'
import { quote, sqlType } from './sql-types.ts'

/** An operand, in parentheses where it needs them beside an operator. */
export interface Operand {
  readonly tree: Expression
  readonly sql: SQL
  /** JSON as it is, without making null of a JSON null. */
  readonly json: SQL
  /** SQL that names the operand more than once. */
  once(build: (value: SQL) => SQL): SQL
}

type Compile = (operands: readonly Operand[], type: ExpressionType) => SQL
type Build = (a: SQL, b: SQL, c: SQL) => SQL

const NONE = sql``

/** From JSON as it is. */
function ofJson(build: (json: SQL) => SQL): Compile {
  return ([a]) => build(a?.json ?? NONE)
}

/** From the SQL of up to three operands. */
function of(build: Build): Compile {
  return ([a, b, c]) => build(a?.sql ?? NONE, b?.sql ?? NONE, c?.sql ?? NONE)
}

function infix(symbol: string): Compile {
  return of((a, b) => sql`${a} ${sql.raw(symbol)} ${b}`)
}

/** Texts are ordered by their bytes, whatever the database is set to. */
function order(symbol: string): Compile {
  return ([a, b]) => {
    const collation = a?.tree.type === 'string' ? sql` collate "C"` : NONE
    return sql`${a?.sql} ${sql.raw(symbol)} ${b?.sql}${collation}`
  }
}

function called(name: string): Compile {
  return (operands) =>
    sql`${sql.raw(name)}(${sql.join(
      operands.map((operand) => operand.sql),
      sql`, `,
    )})`
}

/** By the type of the first operand; anything else by `other`. */
function byType(builds: Readonly<Partial<Record<ExpressionType, Compile>>>, other?: Compile): Compile {
  return (operands, type) => {
    const from = operands[0]?.tree.type ?? 'null'
    const build = builds[from] ?? other
    invariant(build, `no SQL for an operation on ${from}`)
    return build(operands, type)
  }
}

function cast(type: string): Compile {
  return of((a) => sql`(${a})::${sql.raw(type)}`)
}

/** Reads a text of a form; any other one becomes a text that the cast refuses. */
function read(form: keyof typeof TEXT_FORMS, type: string): Compile {
  const pattern = sql.raw(quote(`^(?!(?:${TEXT_FORMS[form]})$).*$`))
  return of((a) => sql`regexp_replace(${a}, ${pattern}, '?')::${sql.raw(type)}`)
}

/** The scalar of a JSON type, null where the JSON is of another one. */
function jsonOf(a: SQL, type: 'string' | 'number' | 'boolean'): SQL {
  return sql`jsonb_path_query_first(${a}, ${sql.raw(`'strict $ ? (@.type() == "${type}")'`)})`
}

/** Microseconds, days and months are moved in UTC. */
function move(symbol: '+' | '-'): Compile {
  return ([a, b]) => {
    if (b?.tree.type === 'timestamp') return sql`${a?.sql} - ${b.sql}`
    return sql`(((${a?.sql}) at time zone 'UTC') ${sql.raw(symbol)} ${b?.sql}) at time zone 'UTC'`
  }
}

/** A position as an integer from -1 up, far beyond any text at most. */
function position(operand: Operand | undefined, lowest: 0 | -1): SQL {
  invariant(operand, 'a position is missing')
  if (operand.tree.node === 'literal') {
    const at = Math.min(Math.max(Number(operand.tree.text), lowest), 1_000_000_000)
    return sql.raw(`(${at})`)
  }
  const low = sql.raw(String(lowest))
  const high = sql.raw('1000000000')
  return operand.once(
    (v) => sql`(case when ${v} < ${low} then ${low} when ${v} > ${high} then ${high} else ${v} end)::integer`,
  )
}

/** `field` is what `extract` knows; in UTC. */
function part(field: string, build: Build): Compile {
  return ([a]) => {
    const local = a?.tree.type === 'date' ? sql`(${a.sql})::timestamp` : sql`(${a?.sql}) at time zone 'UTC'`
    return sql`(${build(sql`floor(extract(${sql.raw(field)} from ${local}))::bigint`, NONE, NONE)})`
  }
}

const asIs: Build = (value) => value
const lessOne: Build = (value) => sql`${value} - 1`

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
const TRIMMED = `U&'${[...WHITE_SPACE].map((c) => `\\${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}'`

/** `&&`, `||`, `now` and `matches` are not here: the first three are compiled with their surroundings, the last in JS alone. */
export const SQL_CALLS: Readonly<Partial<Record<CallName, Compile>>> = {
  '!': of((a) => sql`not ${a}`),
  '?:': of((a, b, c) => sql`case when ${a} then ${b} else ${c} end`),
  coalesce: called('coalesce'),
  isNull: of((a) => sql`${a} is null`),
  isNotNull: of((a) => sql`${a} is not null`),
  '==': infix('='),
  '!=': infix('<>'),
  '<': order('<'),
  '<=': order('<='),
  '>': order('>'),
  '>=': order('>='),
  in: ([a, b]) => {
    const isPlain = b?.tree.node === 'list'
    // The cast keeps a sub-select from being taken for the rows that `any` may be given instead.
    return sql`${a?.sql} = any(${isPlain ? b.sql : sql`(${b?.sql})::${sqlType(b?.tree.type ?? 'null')}`})`
  },
  '+': byType({ string: infix('||'), timestamp: move('+') }, infix('+')),
  '-': byType({ timestamp: move('-') }, infix('-')),
  '*': infix('*'),
  '/': byType({ decimal: of(quotient) }, infix('/')),
  '%': infix('%'),
  negate: of((a) => sql`- ${a}`),
  int: byType(
    { string: read('int', 'bigint'), json: ofJson((a) => sql`trunc((${jsonOf(a, 'number')})::numeric)::bigint`) },
    of((a) => sql`trunc(${a})::bigint`),
  ),
  decimal: byType(
    { string: read('decimal', 'numeric'), json: ofJson((a) => sql`(${jsonOf(a, 'number')})::numeric`) },
    cast('numeric'),
  ),
  double: byType(
    {
      string: read('double', 'double precision'),
      json: ofJson((a) => sql`(${jsonOf(a, 'number')})::numeric::double precision`),
    },
    cast('double precision'),
  ),
  string: byType(
    {
      decimal: of((a) => sql`trim_scale(${a})::text`),
      timestamp: of(
        (a) => sql`replace(to_char((${a}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), ' AD', '')`,
      ),
      json: ofJson((a) => sql`${jsonOf(a, 'string')} #>> '{}'`),
    },
    cast('text'),
  ),
  bool: byType({
    string: read('bool', 'boolean'),
    json: ofJson((a) => sql`(${jsonOf(a, 'boolean')})::boolean`),
  }),
  uuid: of((a) => sql`substring(${a} from ${sql.raw(quote(UUID))})::uuid`),
  date: byType(
    { string: read('date', 'date') },
    of((a) => sql`((${a}) at time zone 'UTC')::date`),
  ),
  timestamp: byType(
    { string: read('timestamp', 'timestamptz') },
    of((a) => sql`(${a})::timestamp at time zone 'UTC'`),
  ),
  json: of((a) => sql`to_jsonb(${a})`),
  size: byType(
    { string: of((a) => sql`char_length(${a})::bigint`), bytes: of((a) => sql`octet_length(${a})::bigint`) },
    of((a) => sql`cardinality(${a})::bigint`),
  ),
  contains: of((a, b) => sql`(strpos(${a}, ${b}) > 0)`),
  startsWith: called('starts_with'),
  endsWith: of((a, b) => sql`starts_with(reverse(${a}), reverse(${b}))`),
  lowerAscii: of((a) => sql`lower(${a} collate "C")`),
  upperAscii: of((a) => sql`upper(${a} collate "C")`),
  trim: of((a) => sql`btrim(${a}, ${sql.raw(TRIMMED)})`),
  split: ([a, b]) => {
    const isEmpty = b?.tree.node === 'literal' && b.tree.text === ''
    return sql`string_to_array(${a?.sql}, ${isEmpty ? sql`null::text` : b?.sql})`
  },
  join: ([a, b]) => sql`array_to_string(${a?.sql}, ${b?.sql ?? sql`''`})`,
  replace: called('replace'),
  substring: ([a, b, c]) => {
    const text = c === undefined ? a?.sql : sql`left(${a?.sql}, ${position(c, 0)})`
    return sql`substr(${text}, ${position(b, 0)} + 1)`
  },
  indexOf: of((a, b) => sql`(strpos(${a}, ${b}) - 1)::bigint`),
  charAt: ([a, b]) => sql`nullif(substr(${a?.sql}, ${position(b, -1)} + 1, 1), '')`,
  abs: called('abs'),
  ceil: called('ceil'),
  floor: called('floor'),
  round: byType({
    decimal: ([a, b]) => sql`round(${a?.sql}, ${b === undefined ? sql`0` : position(b, 0)})`,
    double: ([a]) =>
      sql`${a?.once((v) => sql`trunc(${v}) + case when abs(${v} - trunc(${v})) >= 0.5 then sign(${v}) else 0 end`)}`,
  }),
  greatest: called('greatest'),
  least: called('least'),
  index: ([a, b]) => {
    invariant(b?.tree.node === 'literal' && b.tree.text !== null, 'an index that is no literal')
    if (a?.tree.type !== 'json') return sql`(${a?.sql})[${sql.raw(String(Number(b.tree.text) + 1))}]`
    if (b.tree.type === 'string') return sql`${a.json} -> ${sql.raw(quote(b.tree.text))}`
    // `-> 0` would take a scalar for a list of one.
    return sql`jsonb_path_query_first(${a.json}, ${sql.raw(`'strict $[${Number(b.tree.text)}]'`)}, '{}', true)`
  },
  getFullYear: part('year', asIs),
  getMonth: part('month', lessOne),
  getDate: part('day', asIs),
  getDayOfMonth: part('day', lessOne),
  getDayOfWeek: part('dow', asIs),
  getDayOfYear: part('doy', lessOne),
  getHours: part('hour', asIs),
  getMinutes: part('minute', asIs),
  getSeconds: part('second', asIs),
  getMilliseconds: part('millisecond', (value) => sql`${value} % 1000`),
}

/** 17 decimals, cut off, rounded to 16: exact, whatever the scales of the operands. */
function quotient(a: SQL, b: SQL): SQL {
  const [up, down] = [sql.raw('100000000000000000'), sql.raw('0.0000000000000001')]
  return sql`(round(div(${a} * ${up}, ${b}) * 0.1) * ${down})`
}
