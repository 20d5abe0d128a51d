/** `transform.lower`: text in small letters. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const lower: FunctionDefinition = defineFunction({
  name: 'transform.lower',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Writes a text in small letters.',
  fields: TEXT_FIELDS,
  params: v.strictObject({}),
  run: (_, value) => (typeof value === 'string' ? value.toLowerCase() : value),
})
