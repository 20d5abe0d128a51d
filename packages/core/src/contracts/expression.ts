/** A CEL expression after checking: a plain tree with a type at every node, which SQL and JS are made of. */

/** What a value is inside an expression. Fields of several types share one (`text`, `string`, `enum` → `string`). */
export type ScalarType =
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
  /** Ranges: tested for null, and for nothing else. */
  | 'range'
  /** The literal `null` where nothing says of what type. */
  | 'null'

export type ExpressionType = ScalarType | `list(${ScalarType})`

/** What is known of the caller, the tenant and the request, by its name in the language. */
export type VariableName =
  | 'current_user.id'
  | 'current_user.kind'
  | 'current_user.roles'
  | 'current_user.email'
  | 'tenant.id'
  | 'tenant.slug'

/**
 * Operators and functions. Operands of an operator have one type: where numbers of two types meet, or a date a timestamp,
 * the tree says the conversion (`decimal`, `double`, `timestamp`, `uuid`, `json`) as a call.
 */
export type CallName =
  /** Logic. `&&` and `||` have two operands or more. */
  | ('&&' | '||' | '!' | '?:' | 'coalesce' | 'isNull' | 'isNotNull')
  | ('==' | '!=' | '<' | '<=' | '>' | '>=' | 'in')
  /** `+` joins texts too, and `+` and `-` move timestamps by durations. */
  | ('+' | '-' | '*' | '/' | '%' | 'negate')
  /** Conversions, named after what they make. */
  | ('int' | 'decimal' | 'double' | 'string' | 'bool' | 'uuid' | 'date' | 'timestamp' | 'json')
  | ('size' | 'contains' | 'startsWith' | 'endsWith' | 'lowerAscii' | 'upperAscii' | 'trim' | 'split' | 'join')
  | ('replace' | 'substring' | 'indexOf' | 'charAt' | 'matches')
  | ('abs' | 'ceil' | 'floor' | 'round' | 'greatest' | 'least')
  /** `index`: an element of a list, or what a JSON value has at a key or place; the second operand is a literal. */
  | ('now' | 'index')
  | ('getFullYear' | 'getMonth' | 'getDate' | 'getDayOfMonth' | 'getDayOfWeek' | 'getDayOfYear')
  | ('getHours' | 'getMinutes' | 'getSeconds' | 'getMilliseconds')

interface Typed {
  readonly type: ExpressionType
}

export type Expression = Typed &
  (
    | {
        readonly node: 'literal'
        /** In Postgres' input format of the type; null for `null`. */
        readonly text: string | null
      }
    | { readonly node: 'list'; readonly items: readonly Expression[] }
    /** A field of the row in question (`row` absent), or of the row that an enclosing `relation` calls `row`. */
    | { readonly node: 'field'; readonly row?: string; readonly field: string }
    /** A field of the one row that a to-one relation of the row in question leads to; null where there is none. */
    | { readonly node: 'related'; readonly relation: string; readonly field: string }
    /** Of type `uuid` where it is compared with one: null then where the text is no uuid. */
    | { readonly node: 'variable'; readonly name: VariableName }
    /** What the client gave for a field of a write; null where it gave nothing. */
    | { readonly node: 'input'; readonly field: string }
    /** Whether a write changes the field. */
    | { readonly node: 'changed'; readonly field: string }
    /** The element that an enclosing `each` calls so. */
    | { readonly node: 'element'; readonly name: string }
    /** `members.exists(m, …)` over the rows of a relation; never inside another one. */
    | {
        readonly node: 'relation'
        readonly quantifier: 'exists' | 'all'
        readonly relation: string
        readonly row: string
        readonly where: Expression
      }
    /** `tags.exists(t, …)` over the elements of a list. */
    | {
        readonly node: 'each'
        readonly quantifier: 'exists' | 'all' | 'exists_one'
        readonly list: Expression
        readonly name: string
        readonly where: Expression
      }
    | { readonly node: 'call'; readonly call: CallName; readonly args: readonly Expression[] }
  )

/** An expression as its author wrote it, with what was made of it. */
export interface CompiledExpression {
  readonly source: string
  readonly type: ExpressionType
  readonly tree: Expression
  /** Every field it reads, of its own entity and of related ones, computed fields not followed; each once. */
  readonly reads: readonly { readonly entity: string; readonly field: string }[]
}
