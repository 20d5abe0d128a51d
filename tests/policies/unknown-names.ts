/** What a question names that is not there for this caller. */
import { type Expected, refused } from './expected.ts'
import { embedsOf, type Filter, isGroup, type Query, type Sorting } from './query.ts'
import { canFollow, canSee, type Setting } from './sight.ts'
import { type EntityName, relationOf } from './world.ts'

/** One refusal for each kind of unknown name: which of them is found first is the product's business. */
export function unknownNames(setting: Setting, query: Query): readonly Expected[] {
  const fields = fieldsNamed(query).some((field) => !canSee(setting, query.entity, field))
  const embeds = embedsOf(query).flatMap(({ relation, query: inner }): readonly Expected[] =>
    canFollow(setting, query.entity, relation) ? unknownNames(setting, inner) : [refused(setting, 400, 'PGRST200')],
  )
  return [...(fields ? [refused(setting, 400, '42703')] : []), ...embeds, ...unknownSorting(setting, query)]
}

export function unknownFilters(setting: Setting, entity: EntityName, where: readonly Filter[]): readonly Expected[] {
  return unknownNames(setting, { entity, select: [], where, order: [], limit: null, offset: 0 })
}

function fieldsNamed({ select, where, order }: Query): readonly string[] {
  return [
    ...select.flatMap((item) =>
      item.is === 'field' ? [item.spot.field] : item.is === 'aggregate' ? (item.field ?? []) : [],
    ),
    ...where.flatMap(fieldsFiltered),
    ...order.flatMap(({ spot, embed }) => (embed === undefined ? [spot.field] : [])),
  ]
}

function fieldsFiltered(filter: Filter): readonly string[] {
  if (isGroup(filter)) return filter.items.flatMap(fieldsFiltered)
  return filter.is === 'present' ? [] : [filter.spot.field]
}

/** By a field of an embed. */
function unknownSorting(setting: Setting, query: Query): readonly Expected[] {
  const hidden = query.order.some(({ spot, embed: alias }: Sorting) => {
    const embed = embedsOf(query).find((one) => one.alias === alias)
    return embed !== undefined && !canSee(setting, relationOf(query.entity, embed.relation).to, spot.field)
  })
  return hidden ? [refused(setting, 400, '42703')] : []
}
