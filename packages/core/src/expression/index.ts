/** Expressions at run time: a checked tree → SQL or a JS function. Without the parser, which is in `@backsaas/core/cel`. */

export { expressionType } from './expression-type.ts'
export { childrenOf, mayRaise } from './may-raise.ts'
export { fromJson } from './read-value.ts'
export { quotedLiteral, sqlType } from './sql-types.ts'
export { type JsEnvironment, type JsRow, toJs } from './to-js.ts'
export { type SqlEnvironment, toSql } from './to-sql.ts'
export { type Duration, ExpressionError, type Value } from './value.ts'
