/**
 * An expression → SQL.
 *
 * Two things keep the planner from raising an error that JS would not: `&&` and `||` whose operands can raise are written so
 * that the left one is worked out first, and in an expression that can raise what the planner knows beforehand (parameters,
 * the present) is put into a sub-select, which it never folds.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Expression, ExpressionType, VariableName } from '../contracts/expression.ts'
import { invariant } from '../errors/invariant.ts'
import { childrenOf, mayRaise } from './may-raise.ts'
import { type Operand, SQL_CALLS } from './sql-calls.ts'
import { quotedLiteral, sqlType } from './sql-types.ts'

/** What stands for names; whatever is more than one word of SQL comes in parentheses. */
export interface SqlEnvironment {
  /** A field of the row in question (`row` null), or of the row that an enclosing relation calls `row`. */
  field(row: string | null, field: string): SQL
  /** A field of the one row that a to-one relation leads to: a scalar sub-select. */
  related?(relation: string, field: string): SQL
  /**
   * `exists (select from … where … and <where>)` over the rows of a relation: the tenant and the link are the environment's.
   *
   * @param where gives the condition, in the environment where `field(row, …)` is the relation's row.
   */
  relation?(relation: string, row: string, where: (environment: SqlEnvironment) => SQL): SQL
  /** With a cast to `type`. As `uuid`: null where the text is none. */
  variable?(name: VariableName, type: ExpressionType): SQL
  input?(field: string): SQL
  changed?(field: string): SQL
  /** A constant, with its type; `quotedLiteral` unless given. */
  literal?(text: string, type: ExpressionType): SQL
}

interface Scope {
  readonly environment: SqlEnvironment
  readonly elements: ReadonlyMap<string, SQL>
  /** Whether what is known beforehand must be hidden from the planner. */
  readonly hides: boolean
  /** Names what a sub-select binds, unique in the expression. */
  readonly nextAlias: () => SQL
}

type Node<K extends Expression['node']> = Extract<Expression, { node: K }>

/**
 * The SQL of an expression, in parentheses nowhere: put some around it beside anything else. Types of operands are explicit,
 * so that parameters have theirs.
 *
 * @example
 * toSql(compileExpression("status == 'lead'", context).tree, { field: (_, name) => sql`t.${sql.identifier(name)}` })
 * // t."status" = 'lead'::text
 */
export function toSql(tree: Expression, environment: SqlEnvironment): SQL {
  let aliases = 0
  const nextAlias = (): SQL => sql.raw(`cel${++aliases}`)
  return compile(tree, { environment, elements: new Map(), hides: mayRaise(tree), nextAlias })
}

/** A JSON null is null. */
function compile(tree: Expression, scope: Scope): SQL {
  const value = compileNode(tree, scope)
  return isJsonPlace(tree) ? sql`nullif(${value}, 'null'::jsonb)` : value
}

/** What may hold a JSON null: the rest of JSON is made of these. */
function isJsonPlace(tree: Expression): boolean {
  const isPlace = tree.node === 'call' ? tree.call === 'index' : tree.node !== 'literal'
  return isPlace && tree.type === 'json'
}

function compileNode(tree: Expression, scope: Scope): SQL {
  const { environment } = scope
  switch (tree.node) {
    case 'literal':
      if (tree.text === null) return quotedLiteral(null, tree.type)
      return environment.literal?.(tree.text, tree.type) ?? quotedLiteral(tree.text, tree.type)
    case 'list':
      return sql`array[${sql.join(compileAll(tree.items, scope), sql`, `)}]::${sqlType(tree.type)}`
    case 'field':
      return environment.field(tree.row ?? null, tree.field)
    case 'related':
      invariant(environment.related, 'no related rows here')
      return environment.related(tree.relation, tree.field)
    case 'variable': {
      invariant(environment.variable, 'no variables here')
      return hidden(environment.variable(tree.name, tree.type), scope)
    }
    case 'input':
      invariant(environment.input, 'no input here')
      return environment.input(tree.field)
    case 'changed':
      invariant(environment.changed, 'no changes here')
      return environment.changed(tree.field)
    case 'element': {
      const element = scope.elements.get(tree.name)
      invariant(element, `nothing is called ${tree.name} here`)
      return element
    }
    case 'relation':
      return compileRelation(tree, scope)
    case 'each':
      return compileEach(tree, scope)
    case 'call':
      return compileCall(tree, scope)
  }
}

function compileAll(trees: readonly Expression[], scope: Scope): SQL[] {
  return trees.map((tree) => compile(tree, scope))
}

function hidden(value: SQL, { hides }: Scope): SQL {
  return hides ? sql`(select ${value})` : value
}

function compileRelation({ relation, row, quantifier, where }: Node<'relation'>, scope: Scope): SQL {
  const { environment } = scope
  invariant(environment.relation, 'no relations here')
  const rows = (test: (condition: SQL) => SQL): SQL | undefined =>
    environment.relation?.(relation, row, (inner) => test(compile(where, { ...scope, environment: inner })))
  return quantifier === 'exists'
    ? sql`${rows((condition) => (isLogic(where) ? sql`(${condition})` : condition))}`
    : sql`not ${rows((condition) => sql`(${condition}) is not true`)}`
}

/** Over a list that is null: null. The test for it also has the list worked out before the condition is looked at. */
function compileEach(tree: Node<'each'>, scope: Scope): SQL {
  const { list } = tree
  if (list.node === 'list' && !mayRaise(list)) return testEach(tree, compile(list, scope), scope)
  return once(list, scope, (elements) => {
    return sql`case when ${elements} is null then null else ${testEach(tree, elements, scope)} end`
  })
}

function testEach({ name, quantifier, where }: Node<'each'>, elements: SQL, scope: Scope): SQL {
  const alias = scope.nextAlias()
  const inner = { ...scope, elements: new Map([...scope.elements, [name, sql`${alias}.v`]]) }
  // A condition that names no element would be worked out before there is one.
  const waits = mayRaise(where)
  const condition = waits ? sql`case when ${alias}.n > 0 then ${compile(where, inner)} end` : compile(where, inner)
  const from = sql`from unnest(${elements})${waits ? sql` with ordinality as ${alias}(v, n)` : sql` as ${alias}(v)`} where`
  if (quantifier === 'exists') return sql`exists (select ${from} ${condition})`
  if (quantifier === 'all') return sql`not exists (select ${from} (${condition}) is not true)`
  return sql`(select count(*) = 1 ${from} ${condition})`
}

/** SQL that names a value more than once; what is more than a name is worked out once, in a sub-select. */
function once(tree: Expression, scope: Scope, build: (value: SQL) => SQL): SQL {
  const value = compile(tree, scope)
  return childrenOf(tree).length === 0 ? build(value) : bind(value, scope, build)
}

/** `offset 0` keeps the planner from writing the value out at each of its places. */
function bind(value: SQL, scope: Scope, build: (value: SQL) => SQL): SQL {
  const alias = scope.nextAlias()
  return sql`(select ${build(sql`${alias}.v`)} from (select ${value} offset 0) as ${alias}(v))`
}

function compileCall(tree: Node<'call'>, scope: Scope): SQL {
  if (tree.call === '&&' || tree.call === '||') return compileLogic(tree, scope)
  if (tree.call === 'now') return hidden(sql`now()`, scope)
  const compiler = SQL_CALLS[tree.call]
  invariant(compiler, `no ${tree.call} in SQL`)
  const operands = tree.args.map((arg): Operand => {
    return {
      tree: arg,
      get sql(): SQL {
        const value = compile(arg, scope)
        return isOperator(arg) ? sql`(${value})` : value
      },
      get json(): SQL {
        return isJsonPlace(arg) ? compileNode(arg, scope) : compile(arg, scope)
      },
      once: (build) => once(arg, scope, build),
    }
  })
  return compiler(operands, tree.type)
}

/** Neighbours that cannot raise stand side by side; an operand behind or before one that can waits for those before it. */
function compileLogic(tree: Node<'call'>, scope: Scope): SQL {
  const [word, decides] = tree.call === '&&' ? [sql` and `, 'false'] : [sql` or `, 'true']
  const groups: { readonly parts: SQL[]; readonly raises: boolean }[] = []
  for (const arg of tree.args) {
    const raises = mayRaise(arg)
    const part = isLogic(arg) ? sql`(${compile(arg, scope)})` : compile(arg, scope)
    const last = groups.at(-1)
    if (last && !raises && !last.raises) last.parts.push(part)
    else groups.push({ parts: [part], raises })
  }
  const joined = groups.map(({ parts }) => sql.join(parts, word))
  return joined.reduceRight((rest, first) =>
    bind(first, scope, (value) => {
      const both = sql`${value}${word}(${rest})`
      return sql`case when ${value} is ${sql.raw(decides)} then ${sql.raw(decides)} else ${both} end`
    }),
  )
}

const OPERATORS: ReadonlySet<string> = new Set([
  ...['&&', '||', '!', '==', '!=', '<', '<=', '>', '>=', 'in', 'isNull', 'isNotNull'],
  ...['+', '-', '*', '/', '%', 'negate', 'timestamp', 'string', 'round'],
])

/** What needs parentheses beside another operator. */
function isOperator(tree: Expression): boolean {
  if (tree.node === 'call') return OPERATORS.has(tree.call)
  return (tree.node === 'relation' || tree.node === 'each') && tree.quantifier === 'all'
}

function isLogic(tree: Expression): boolean {
  return tree.node === 'call' && (tree.call === '&&' || tree.call === '||')
}
