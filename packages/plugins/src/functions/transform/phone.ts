/** `transform.phone`: telephone numbers in one form. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import * as v from 'valibot'
import { country } from '../country.ts'
import { TEXT_FIELDS } from '../text-fields.ts'

export const phone: FunctionDefinition = defineFunction({
  name: 'transform.phone',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Writes a telephone number as +, country and digits (E.164). What is none stays as it is.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    country: v.optional(v.pipe(country, v.description('Where a number without + is dialled, as in ISO 3166-1: AT.'))),
  }),
  run: (_, value, { country }) => parsePhoneNumberFromString(String(value), country)?.number ?? value,
})
