/** `transform.trim`: text without the white space around it. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const trim: FunctionDefinition = defineFunction({
  name: 'transform.trim',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Takes the white space around a text away.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    collapse: v.optional(v.pipe(v.boolean(), v.description('Makes one space of all white space inside it.')), false),
    empty_to_null: v.optional(v.pipe(v.boolean(), v.description('Makes null of a text that is empty then.')), false),
  }),
  run(_, value, { collapse, empty_to_null: toNull }) {
    if (typeof value !== 'string') return value
    const trimmed = collapse ? value.trim().replaceAll(/\s+/g, ' ') : value.trim()
    return toNull && trimmed === '' ? null : trimmed
  },
})
