/** A query at a scope → the select of its rows, columns named as the caller wants them. */
import { type Embed, invariant, type Order, type Query, type Selection } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { planPath } from './plan-comparison.ts'
import { linked } from './plan-link.ts'
import { planWhere } from './plan-where.ts'
import { value } from './render.ts'
import { visibleRows } from './rules.ts'
import { embedsOf, innerScope, isAggregated, type PlanScope, pinnedBy } from './scope.ts'

/**
 * @param from what the rows are read from, under the scope's alias: a table, or the CTE that has written them.
 * @param link the condition that ties them to an outer row; absent at the root.
 */
export function planRows(outer: PlanScope, query: Query, from: SQL, link?: SQL): SQL {
  const scope = pinnedBy(outer, query)
  const aggregated = isAggregated(query)
  const laterals: SQL[] = []
  const groups: SQL[] = []
  const columns = lastOfEach(query.select.flatMap((item) => planSelection(scope, item, aggregated, laterals, groups)))
  const parts = [
    sql`select ${listed(columns)} from ${from} ${scope.alias}`,
    ...laterals,
    sql`where ${visibleRows(scope)}`,
  ]
  if (link) parts.push(sql`and ${link}`)
  parts.push(sql`and ${planWhere(scope, query)}`)
  if (aggregated && groups.length > 0) parts.push(sql`group by ${sql.join(groups, sql`, `)}`)
  if (query.order.length > 0)
    parts.push(
      sql`order by ${sql.join(
        query.order.map((order) => planOrder(scope, query, order)),
        sql`, `,
      )}`,
    )
  if (query.limit !== undefined) parts.push(sql`limit ${value(query.limit)}`)
  if (query.offset !== undefined) parts.push(sql`offset ${value(query.offset)}`)
  return sql.join(parts, sql` `)
}

function planSelection(
  scope: PlanScope,
  item: Selection,
  aggregated: boolean,
  laterals: SQL[],
  groups: SQL[],
): Column[] {
  if (item.kind === 'embed') return planEmbedSelection(scope, item, aggregated, laterals, groups)
  const expression = planExpression(scope, item)
  if (aggregated && item.kind === 'column' && !item.aggregate) groups.push(expression)
  return [named(expression, item.alias)]
}

function planExpression(scope: PlanScope, item: Exclude<Selection, { kind: 'embed' }>): SQL {
  if (item.kind === 'count') return cast(sql`count(*)`, item.cast)
  const plain = cast(planPath(scope, item.path), item.cast)
  return item.aggregate ? cast(sql`${sql.raw(item.aggregate.name)}(${plain})`, item.aggregate.cast) : plain
}

function cast(expression: SQL, type: string | undefined): SQL {
  return type ? sql`cast(${expression} as ${sql.raw(type)})` : expression
}

interface Column {
  readonly name: string
  readonly expression: SQL
}

function named(expression: SQL, name: string): Column {
  return { name, expression }
}

/** JSON has room for one value under a name: of several the last holds, as it would for whoever reads the JSON. */
function lastOfEach<T extends { readonly name: string }>(columns: readonly T[]): readonly T[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()]
}

function listed(columns: readonly Column[]): SQL {
  return sql.join(
    columns.map(({ name, expression }) => sql`${expression} as ${sql.identifier(name)}`),
    sql`, `,
  )
}

function planEmbedSelection(
  scope: PlanScope,
  item: Extract<Selection, { kind: 'embed' }>,
  aggregated: boolean,
  laterals: SQL[],
  groups: SQL[],
): Column[] {
  // An embed with nothing selected serves its filters only.
  if (item.query.select.length === 0) return []
  if (item.spread) return planSpread(scope, item, aggregated, laterals, groups)
  if (!aggregated) return [named(planEmbed(scope, item), item.alias)]
  const alias = scope.nextAlias()
  laterals.push(sql`cross join lateral (select ${planEmbed(scope, item)}::jsonb as v) ${alias}`)
  groups.push(sql`${alias}.v`)
  return [named(sql`${alias}.v`, item.alias)]
}

/** The JSON of an embed: an object or null for `one`, an array for `many`. */
function planEmbed(scope: PlanScope, embed: Embed): SQL {
  const rows = embedRows(scope, embed)
  // `r.*` and not `r`: a column may be called that.
  if (!isMany(embed)) return sql`(select row_to_json(r.*) from (${rows}) r)`
  return sql`(select coalesce(json_agg(row_to_json(r.*)), '[]') from (${rows}) r)`
}

/** The select of an embed's rows, correlated with the outer scope. */
function embedRows(scope: PlanScope, embed: Embed): SQL {
  const inner = innerScope(scope, (embed.through ?? embed.relation).entity)
  return planRows(inner, embed.query, inner.entity.table, linked(scope, inner, embed))
}

function isMany(embed: Embed): boolean {
  return embed.relation.kind === 'many'
}

/** `...company(name)`: the columns of an embed beside the row's own; of a to-many, arrays of them. */
function planSpread(scope: PlanScope, item: Embed, aggregated: boolean, laterals: SQL[], groups: SQL[]): Column[] {
  const alias = scope.nextAlias()
  const flat = lastOfEach(flatten(item.query.select))
  const plain = { ...item, query: { ...item.query, select: unaggregated(item.query.select) } }
  if (isMany(item)) {
    const inner = scope.nextAlias()
    const arrays = flat.map(({ name }) => named(sql`coalesce(json_agg(${inner}.${sql.identifier(name)}), '[]')`, name))
    laterals.push(sql`cross join lateral (select ${listed(arrays)} from (${embedRows(scope, item)}) ${inner}) ${alias}`)
    return flat.map(({ name }) => spreadColumn(sql`${alias}.${sql.identifier(name)}`, name, aggregated, groups, true))
  }
  laterals.push(sql`left join lateral (${embedRows(scope, plain)}) ${alias} on true`)
  return flat.map(({ name, aggregate }) => {
    const column = sql`${alias}.${sql.identifier(name)}`
    if (!aggregate) return spreadColumn(column, name, aggregated, groups, false)
    const argument = aggregate.name === 'count' && aggregate.rows ? sql`${alias}.*` : column
    return named(cast(sql`${sql.raw(aggregate.name)}(${argument})`, aggregate.cast), name)
  })
}

function spreadColumn(column: SQL, name: string, aggregated: boolean, groups: SQL[], json: boolean): Column {
  // JSON has no equality to group by; its binary form has.
  const expression = aggregated && json ? sql`${column}::jsonb` : column
  if (aggregated) groups.push(expression)
  return named(expression, name)
}

interface FlatColumn {
  readonly name: string
  readonly aggregate?: { readonly name: string; readonly cast: string | undefined; readonly rows: boolean }
}

/** The columns that a select brings, spread ones among them, with the aggregate that the outermost row applies. */
function flatten(select: readonly Selection[]): readonly FlatColumn[] {
  return select.flatMap((item): readonly FlatColumn[] => {
    if (item.kind === 'embed') {
      if (item.query.select.length === 0) return []
      return item.spread && !isMany(item)
        ? flatten(item.query.select)
        : item.spread
          ? namesOf(item.query.select).map((name) => ({ name }))
          : [{ name: item.alias }]
    }
    if (item.kind === 'count') return [{ name: item.alias, aggregate: { name: 'count', cast: item.cast, rows: true } }]
    return [
      {
        name: item.alias,
        ...(item.aggregate ? { aggregate: { name: item.aggregate.name, cast: item.aggregate.cast, rows: false } } : {}),
      },
    ]
  })
}

/** The same columns before any aggregate: what the outer row aggregates. */
function unaggregated(select: readonly Selection[]): readonly Selection[] {
  return select.flatMap((item): readonly Selection[] => {
    if (item.kind === 'count') return []
    if (item.kind === 'embed')
      return item.spread && !isMany(item)
        ? [{ ...item, query: { ...item.query, select: unaggregated(item.query.select) } }]
        : [item]
    const { aggregate: _aggregate, ...plain } = item
    return [plain]
  })
}

/** The names that a select gives its columns, spread ones included. */
export function namesOf(select: readonly Selection[]): readonly string[] {
  return lastOfEach(flatten(select)).map(({ name }) => name)
}

function planOrder(scope: PlanScope, query: Query, order: Order): SQL {
  const nulls = order.nulls ? sql.raw(` nulls ${order.nulls}`) : sql``
  return sql`${orderedBy(scope, query, order)} ${sql.raw(order.direction)}${nulls}`
}

function orderedBy(scope: PlanScope, query: Query, order: Order): SQL {
  if (order.embed === undefined) return planPath(scope, order.path)
  const embed = query.select.find((item) => item.kind === 'embed' && item.alias === order.embed)
  invariant(embed?.kind === 'embed', `no embed ${order.embed}`)
  invariant(!isMany(embed), `${order.embed} has many rows`)
  const sought: Selection = { kind: 'column', path: order.path, alias: 'v' }
  // Its own embeds stay, for the conditions that name them and the rows that they exclude.
  const inner = { select: [sought, ...embedsOf(embed.query)], where: embed.query.where, order: [] }
  return sql`(select o.v from (${embedRows(scope, { ...embed, query: inner })}) o)`
}
