/** `validation.date_range`: between which days or moments a date may be, another field of the row among them. */
import { defineFunction, type FunctionContext, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

const bound = (description: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.check((text) => text === 'now' || !Number.isNaN(Date.parse(text)), 'Expected a date, a time with zone, or now'),
      v.description(description),
    ),
  )
const field = (description: string) => v.optional(v.pipe(v.string(), v.description(description)))

export const dateRange: FunctionDefinition = defineFunction({
  name: 'validation.date_range',
  kind: 'validate',
  needs: 'pure',
  description: 'Refuses a date or time outside a range.',
  fields: ['date', 'timestamp'],
  params: v.strictObject({
    min: bound('The earliest: a date, a time with zone, or `now`.'),
    max: bound('The latest.'),
    after: field('A field of the row that it must come after; a row without it passes.'),
    before: field('A field of the row that it must come before.'),
  }),
  check(params, { entity, entities }) {
    const { after, before } = params
    if (Object.keys(params).length === 0)
      return [
        { path: [], message: '`validation.date_range` refuses nothing without `min`, `max`, `after` or `before`' },
      ]
    return Object.entries({ after, before }).flatMap(([name, other]) => {
      if (other === undefined) return []
      const type = entities[entity]?.[other]
      if (type === 'date' || type === 'timestamp') return []
      const what = type === undefined ? `\`${entity}\` has no field \`${other}\`` : `\`${other}\` is no date`
      return [{ path: [name], message: what }]
    })
  },
  run(context, value, { min, max, after, before }) {
    const time = Date.parse(String(value))
    // What is no date is for the validation to tell.
    if (Number.isNaN(time)) return null
    if (min !== undefined && time < momentOf(min, context))
      return { code: 'date_range', detail: `must be ${min} or later` }
    if (max !== undefined && time > momentOf(max, context))
      return { code: 'date_range', detail: `must be ${max} or earlier` }
    if (time <= otherOf(after, context, -Infinity)) return { code: 'date_range', detail: `must come after ${after}` }
    if (time >= otherOf(before, context, Infinity)) return { code: 'date_range', detail: `must come before ${before}` }
    return null
  },
})

function momentOf(text: string, { now }: FunctionContext): number {
  return text === 'now' ? now : Date.parse(text)
}

/** The other field's time; `none` where there is none. */
function otherOf(field: string | undefined, { row }: FunctionContext, none: number): number {
  const time = field === undefined ? Number.NaN : Date.parse(String(row[field] ?? ''))
  return Number.isNaN(time) ? none : time
}
