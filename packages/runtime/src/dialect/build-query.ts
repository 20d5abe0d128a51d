/** The query string → `Query`: what was written is resolved against the schema, filters go to the embed they name. */
import type { CompiledEntity, CompiledSchema, Condition, Embed, Order, Param, Query, Selection } from '@backsaas/core'
import type { Limits } from '../http/limits.ts'
import { isAggregated } from '../planner/scope.ts'
import { castType } from './casts.ts'
import {
  badEmbedOperator,
  badRelatedOrder,
  notEmbedded,
  notImplemented,
  overLimit,
  parseError,
  unknownColumn,
} from './dialect-errors.ts'
import type { Params } from './params.ts'
import { parseFilter } from './parse-filter.ts'
import { parseLogic, type WrittenCondition } from './parse-logic.ts'
import { parseOrder } from './parse-order.ts'
import { parseSelect, type WrittenEmbed, type WrittenSelection } from './parse-select.ts'
import { resolveEmbed } from './resolve-embed.ts'
import { resolvePath } from './resolve-path.ts'
import { readCount, type SplitQuery } from './split-query.ts'

export interface QueryContext {
  readonly schema: CompiledSchema
  readonly params: Params
  readonly limits: Limits
}

/** A query being put together; frozen by nobody else than this module. */
interface Draft {
  readonly entity: CompiledEntity
  readonly select: Selection[]
  readonly where: Condition[]
  readonly order: Order[]
  limit?: Param
  offset?: Param
  readonly embeds: Map<string, Draft>
}

/**
 * @throws the dialect's 4xx errors, each naming the part that is wrong.
 * @example buildQuery(splitQuery(url.searchParams), contacts, { schema: crm, params, limits })
 */
export function buildQuery(split: SplitQuery, entity: CompiledEntity, context: QueryContext): Query {
  const root = draftOf(entity, parseSelect(split.select ?? '*'), context, 0)
  addConditions(root, split, context)
  for (const { embed, text } of split.orders) addOrder(descend(root, embed), text)
  for (const { embed, text } of split.limits)
    if (embed.length > 0)
      descend(root, embed).limit = context.params.add(
        String(Math.min(readCount(text, 'limit'), context.limits.maxRows)),
      )
  for (const { embed, text } of split.offsets)
    if (embed.length > 0) descend(root, embed).offset = context.params.add(String(readCount(text, 'offset')))
  return finish(root)
}

function draftOf(
  entity: CompiledEntity,
  written: readonly WrittenSelection[],
  context: QueryContext,
  depth: number,
): Draft {
  if (depth > context.limits.embedDepth) throw overLimit('levels of embedding', context.limits.embedDepth)
  const draft: Draft = { entity, select: [], where: [], order: [], embeds: new Map() }
  for (const item of written) addSelection(draft, item, context, depth)
  return draft
}

const MAX_ALIAS_BYTES = 63
const UTF8 = new TextEncoder()

/** A name that Postgres would cut off is no name: two could become one. */
function checkAlias(alias: string | null): void {
  if (alias === null || (alias !== '' && UTF8.encode(alias).length <= MAX_ALIAS_BYTES)) return
  throw parseError('select parameter', alias, 1, `a name of 1 to ${MAX_ALIAS_BYTES} bytes`)
}

function addSelection(draft: Draft, item: WrittenSelection, context: QueryContext, depth: number): void {
  if (item.kind !== 'star') checkAlias(item.alias)
  if (item.kind === 'star') {
    for (const field of Object.keys(draft.entity.fields))
      draft.select.push({ kind: 'column', path: { field, json: [] }, alias: field })
  } else if (item.kind === 'count') {
    draft.select.push({
      kind: 'count',
      alias: item.alias ?? 'count',
      ...(item.cast ? { cast: castType(item.cast) } : {}),
    })
  } else if (item.kind === 'embed') addEmbed(draft, item, context, depth)
  else addColumn(draft, item)
}

function addColumn(draft: Draft, item: Extract<WrittenSelection, { kind: 'column' }>): void {
  const { field, json } = item.path
  // `notes(count)` is the older way to write `notes(count())`.
  if (field === 'count' && json.length === 0 && !Object.hasOwn(draft.entity.fields, 'count')) {
    draft.select.push({
      kind: 'count',
      alias: item.alias ?? 'count',
      ...(item.cast ? { cast: castType(item.cast) } : {}),
    })
    return
  }
  const path = resolvePath(item.path, draft.entity)
  const lastKey = json.findLast((step) => typeof step.key === 'string')?.key
  const alias = item.alias ?? item.aggregate?.name ?? (lastKey === undefined ? field : String(lastKey))
  if (alias !== field) checkAlias(alias)
  const aggregate = item.aggregate && {
    name: item.aggregate.name,
    ...(item.aggregate.cast ? { cast: castType(item.aggregate.cast) } : {}),
  }
  draft.select.push({
    kind: 'column',
    path,
    alias,
    ...(item.cast ? { cast: castType(item.cast) } : {}),
    ...(aggregate ? { aggregate } : {}),
  })
}

function addEmbed(draft: Draft, item: WrittenEmbed, context: QueryContext, depth: number): void {
  const resolved = resolveEmbed(context.schema, draft.entity, item.target, item.hint)
  const target = context.schema.entities[(resolved.through ?? resolved.relation).entity]
  if (!target) throw unknownColumn(draft.entity.name, item.target, null)
  const alias = item.alias ?? item.target
  if (draft.embeds.has(alias))
    throw parseError('select parameter', alias, 1, 'one embed of each name; give the other an alias')
  const inner = draftOf(target, item.items, context, depth + 1)
  if (resolved.relation.kind === 'many') inner.limit = context.params.add(String(context.limits.maxRows))
  draft.embeds.set(alias, inner)
  const embed: Omit<Embed, 'query'> = { kind: 'embed', alias, join: item.join, spread: item.spread, ...resolved }
  // The query is filled in by `finish`, when the filters that name this embed have been read.
  draft.select.push({ ...embed, query: PENDING })
}

const PENDING: Query = Object.freeze({ select: [], where: [], order: [] })

function addConditions(root: Draft, split: SplitQuery, context: QueryContext): void {
  const { params, limits } = context
  for (const { embed, path, text } of split.filters) {
    const draft = descend(root, embed)
    const comparison = parseFilter(text, params, limits.inValues)
    draft.where.push(resolveCondition({ kind: 'comparison', path, comparison }, draft))
  }
  for (const { embed, kind, not, text } of split.logic) {
    const draft = descend(root, embed)
    draft.where.push(resolveCondition(parseLogic(kind, not, text, params, limits.inValues), draft))
  }
  if (countConditions(root) > limits.conditions) throw overLimit('conditions and embeds', limits.conditions)
}

function resolveCondition(written: WrittenCondition, draft: Draft): Condition {
  if (written.kind !== 'comparison')
    return { ...written, conditions: written.conditions.map((c) => resolveCondition(c, draft)) }
  const { path, comparison } = written
  if (path.json.length === 0 && draft.embeds.has(path.field) && !Object.hasOwn(draft.entity.fields, path.field)) {
    if (comparison.is === 'null') return { kind: 'embed', not: comparison.not, alias: path.field }
    if (comparison.is === 'not_null') return { kind: 'embed', not: !comparison.not, alias: path.field }
    throw badEmbedOperator(path.field)
  }
  return { kind: 'comparison', path: resolvePath(path, draft.entity), ...comparison }
}

function addOrder(draft: Draft, text: string): void {
  for (const { path, embed, direction, nulls } of parseOrder(text)) {
    const target = embed === null ? draft : descend(draft, [embed])
    if (embed !== null && isMany(draft, embed)) throw badRelatedOrder(draft.entity.name, embed)
    draft.order.push({
      path: resolvePath(path, target.entity),
      direction,
      ...(embed === null ? {} : { embed }),
      ...(nulls ? { nulls } : {}),
    })
  }
}

function isMany(draft: Draft, alias: string): boolean {
  return draft.select.some((item) => item.kind === 'embed' && item.alias === alias && item.relation.kind === 'many')
}

/** The draft of an embed, by the aliases that lead to it. */
function descend(root: Draft, embed: readonly string[]): Draft {
  let draft = root
  for (const alias of embed) {
    const next = draft.embeds.get(alias)
    if (!next) throw notEmbedded(alias)
    draft = next
  }
  return draft
}

/** Every embed is a condition of its own: it is asked of every row. */
function countConditions(draft: Draft): number {
  const own = draft.where.reduce((sum, condition) => sum + leaves(condition), 0)
  return [...draft.embeds.values()].reduce((sum, inner) => sum + 1 + countConditions(inner), own)
}

function leaves(condition: Condition): number {
  return 'conditions' in condition ? condition.conditions.reduce((sum, inner) => sum + leaves(inner), 0) : 1
}

function finish(draft: Draft): Query {
  const select = draft.select.map((item) => {
    const inner = item.kind === 'embed' ? draft.embeds.get(item.alias) : undefined
    if (item.kind !== 'embed' || !inner) return item
    const query = finish(inner)
    if (item.spread && item.relation.kind === 'many' && isAggregated(query))
      throw notImplemented('Aggregates are not implemented for one-to-many or many-to-many spreads.')
    return { ...item, query }
  })
  return {
    select,
    where: draft.where,
    order: draft.order,
    ...(draft.limit === undefined ? {} : { limit: draft.limit }),
    ...(draft.offset === undefined ? {} : { offset: draft.offset }),
  }
}
