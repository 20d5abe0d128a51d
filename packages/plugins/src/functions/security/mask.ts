/** `security.mask`: no more than the end of a number is kept. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const mask: FunctionDefinition = defineFunction({
  name: 'security.mask',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Keeps the last characters of a text and puts another in place of each before them.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    keep: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20), v.description('How many characters are kept.')),
      4,
    ),
    with: v.optional(v.pipe(v.string(), v.length(1), v.description('What stands in place of the others.')), '*'),
  }),
  run(_, value, { keep, with: sign }) {
    if (typeof value !== 'string') return value
    const characters = [...value]
    const shown = keep === 0 ? [] : characters.slice(-keep)
    // A text that is no longer than what is kept would be kept whole.
    const hidden = characters.length <= keep ? characters.length : characters.length - keep
    return sign.repeat(hidden) + (characters.length <= keep ? '' : shown.join(''))
  },
})
