/** The shape of an operation: equal for two that differ in values only. */
import type { Condition, Operation, Path, Query, Selection } from '@backsaas/core'

/** A text that is the same exactly where the rendered statement is. */
export function shapeOf(operation: Operation): string {
  return `${mannerOf(operation)}|${queryShape(operation.query)}`
}

/** The shape of all but the query. */
export function mannerOf(operation: Operation): string {
  const { action, entity, count, cardinality, returning, input, upsert, item, format, rollback, maxAffected, seen } =
    operation
  const written = input ? `${input.missing}:${input.columns.join()}:${input.added?.join() ?? ''}` : ''
  const conflict = upsert ? `${upsert.resolution}:${upsert.on.join()}` : ''
  const manner = `${item ? 'item' : ''}${seen ? '+' : ''}:${format}:${rollback ? 'undo' : ''}:${maxAffected ?? ''}`
  return `${manner}|${action}|${entity}|${count === 'none' ? '' : 'c'}|${cardinality}|${returning}|${written}|${conflict}`
}

function queryShape({ select, where, order, limit, offset }: Query): string {
  const orders = order.map(
    (o) =>
      `${o.embed === undefined ? '' : JSON.stringify(o.embed)}(${pathShape(o.path)}.${o.direction}${o.nulls ?? ''}`,
  )
  return `[${select.map(selectionShape).join()};${where.map(conditionShape).join()};${orders.join()};${limit ?? ''};${offset ?? ''}]`
}

function selectionShape(item: Selection): string {
  const name = JSON.stringify(item.alias)
  if (item.kind === 'count') return `${name}=#${item.cast ?? ''}`
  if (item.kind === 'column')
    return `${name}=${pathShape(item.path)}:${item.cast ?? ''}:${item.aggregate?.name ?? ''}:${item.aggregate?.cast ?? ''}`
  const { relation, through, join, spread } = item
  return `${name}=${relation.entity}!${relation.key}!${relation.kind}!${through?.key ?? ''}${through?.entity ?? ''}${join}${spread ? '...' : ''}${queryShape(item.query)}`
}

function conditionShape(condition: Condition): string {
  if (condition.kind === 'embed') return `${condition.not ? '!' : ''}@${JSON.stringify(condition.alias)}`
  if (condition.kind !== 'comparison')
    return `${condition.not ? '!' : ''}${condition.kind}(${condition.conditions.map(conditionShape).join()})`
  const { not, path, operator, quantifier, language, is, param } = condition
  return `${not ? '!' : ''}${pathShape(path)}.${operator}.${quantifier ?? ''}.${language ?? ''}.${is ?? ''}.${param ?? ''}`
}

function pathShape({ field, json }: Path): string {
  return json.length === 0 ? field : field + json.map((step) => step.arrow + JSON.stringify(step.key)).join('')
}
