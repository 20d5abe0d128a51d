/** `validation.luhn`: the check digit of card and account numbers. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const luhn: FunctionDefinition = defineFunction({
  name: 'validation.luhn',
  kind: 'validate',
  needs: 'pure',
  callable: true,
  description: 'Refuses a number whose last digit is not its check digit by Luhn; spaces and hyphens do not count.',
  fields: TEXT_FIELDS,
  params: v.strictObject({}),
  run: (_, value) => (isLuhn(String(value)) ? null : { code: 'luhn', detail: 'has a wrong check digit' }),
})

function isLuhn(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '')
  if (!/^\d{2,64}$/.test(digits)) return false
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48
    const doubled = digit * 2
    sum += at % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
