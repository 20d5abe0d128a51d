/** A query at a scope → the select of its rows, columns named as the caller wants them. */
import { type Embed, invariant, type Order, type Query, type Selection } from '@backsaas/core'
import { type SQL, sql } from 'drizzle-orm'
import { notSupported } from '../dialect/dialect-errors.ts'
import { planPath } from './plan-comparison.ts'
import { linked } from './plan-link.ts'
import { planWhere } from './plan-where.ts'
import { value } from './render.ts'
import { innerScope, isAggregated, ofTenant, type PlanScope } from './scope.ts'

/**
 * @param from what the rows are read from, under the scope's alias: a table, or the CTE that has written them.
 * @param link the condition that ties them to an outer row; absent at the root.
 */
export function planRows(scope: PlanScope, query: Query, from: SQL, link?: SQL): SQL {
  const aggregated = isAggregated(query)
  const laterals: SQL[] = []
  const groups: SQL[] = []
  const columns = query.select.flatMap((item) => planSelection(scope, item, aggregated, laterals, groups))
  const parts = [
    sql`select ${columns.length === 0 ? sql`` : sql.join(columns, sql`, `)} from ${from} ${scope.alias}`,
    ...laterals,
    sql`where ${ofTenant(scope)}`,
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

function planSelection(scope: PlanScope, item: Selection, aggregated: boolean, laterals: SQL[], groups: SQL[]): SQL[] {
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

function named(expression: SQL, alias: string): SQL {
  return sql`${expression} as ${sql.identifier(alias)}`
}

function planEmbedSelection(
  scope: PlanScope,
  item: Extract<Selection, { kind: 'embed' }>,
  aggregated: boolean,
  laterals: SQL[],
  groups: SQL[],
): SQL[] {
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
  const row = sql.raw('r')
  if (!isMany(embed)) return sql`(select row_to_json(${row}) from (${rows}) ${row})`
  return sql`(select coalesce(json_agg(row_to_json(${row})), '[]') from (${rows}) ${row})`
}

/** The select of an embed's rows, correlated with the outer scope. */
function embedRows(scope: PlanScope, embed: Embed): SQL {
  const inner = innerScope(scope, (embed.through ?? embed.relation).entity)
  return planRows(inner, embed.query, inner.entity.table, linked(scope, inner, embed))
}

function isMany(embed: Embed): boolean {
  return embed.relation.kind === 'many'
}

/** `...company(name)`: the columns of a to-one embed beside the row's own. */
function planSpread(
  scope: PlanScope,
  item: Extract<Selection, { kind: 'embed' }>,
  aggregated: boolean,
  laterals: SQL[],
  groups: SQL[],
): SQL[] {
  if (isMany(item)) throw notSupported('spreading a to-many embed', 'Embed it without "...".')
  if (isAggregated(item.query)) throw notSupported('an aggregate inside a spread embed')
  const alias = scope.nextAlias()
  laterals.push(sql`left join lateral (${embedRows(scope, item)}) ${alias} on true`)
  return namesOf(item.query.select).map((name) => {
    const expression = sql`${alias}.${sql.identifier(name)}`
    if (aggregated) groups.push(expression)
    return named(expression, name)
  })
}

/** The names that a select gives its columns, spread ones included. */
function namesOf(select: readonly Selection[]): readonly string[] {
  return select.flatMap((item) =>
    item.kind === 'embed' && item.spread
      ? namesOf(item.query.select)
      : item.kind === 'embed' && item.query.select.length === 0
        ? []
        : [item.alias],
  )
}

function planOrder(scope: PlanScope, query: Query, order: Order): SQL {
  const nulls = order.nulls ? sql.raw(` nulls ${order.nulls}`) : sql``
  return sql`${orderedBy(scope, query, order)} ${sql.raw(order.direction)}${nulls}`
}

function orderedBy(scope: PlanScope, query: Query, order: Order): SQL {
  if (order.embed === undefined) return planPath(scope, order.path)
  const embed = query.select.find((item) => item.kind === 'embed' && item.alias === order.embed)
  invariant(embed?.kind === 'embed', `no embed ${order.embed}`)
  if (isMany(embed))
    throw notSupported(
      `ordering by the to-many embed "${order.embed}"`,
      'Order the embed itself with its own order parameter.',
    )
  const { where } = embed.query
  return sql`(${embedRows(scope, { ...embed, query: { select: [{ kind: 'column', path: order.path, alias: 'v' }], where, order: [] } })})`
}
