/** `validation.phone`: telephone numbers, by the numbering plans that libphonenumber knows. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import * as v from 'valibot'
import { country } from '../country.ts'
import { TEXT_FIELDS } from '../text-fields.ts'

export const phone: FunctionDefinition = defineFunction({
  name: 'validation.phone',
  kind: 'validate',
  needs: 'pure',
  callable: true,
  description: 'Refuses what is no telephone number.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    country: v.optional(
      v.pipe(
        country,
        v.description('Where a number without + is dialled, as in ISO 3166-1: AT. Without it a + is needed.'),
      ),
    ),
    countries: v.optional(
      v.pipe(
        v.array(country),
        v.minLength(1),
        v.description('The countries whose numbers are taken; all unless given.'),
      ),
    ),
  }),
  run(_, value, { country, countries }) {
    const number = parsePhoneNumberFromString(String(value), country)
    if (!number?.isValid()) return { code: 'phone', detail: 'is no telephone number' }
    if (countries && !(number.country && countries.includes(number.country)))
      return { code: 'phone_country', detail: `must be a number of ${countries.join(', ')}` }
    return null
  },
})
