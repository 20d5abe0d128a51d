/** `transform.title`: each word with a capital. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const title: FunctionDefinition = defineFunction({
  name: 'transform.title',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Begins each word of a text with a capital.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    lower: v.optional(v.pipe(v.boolean(), v.description('Writes the rest of each word small.')), false),
  }),
  run(_, value, { lower }) {
    if (typeof value !== 'string') return value
    const text = lower ? value.toLowerCase() : value
    return text.replaceAll(
      /(^|[\s-])(\p{Ll})/gu,
      (_match, before: string, letter: string) => before + letter.toUpperCase(),
    )
  },
})
