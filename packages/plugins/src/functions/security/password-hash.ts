/** `security.password_hash`: a password kept so that it can be verified and not read: scrypt, on Node and on Workers alike. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'
import { hashPassword } from './scrypt.ts'

export const passwordHash: FunctionDefinition = defineFunction({
  name: 'security.password_hash',
  kind: 'transform',
  needs: 'pure',
  description: 'Keeps scrypt of a password, in the PHC string format, instead of the password.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    cost: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(14),
        v.maxValue(17),
        v.description('The logarithm of its cost to base 2.'),
      ),
      15,
    ),
  }),
  run: (_, value, { cost }) => (typeof value === 'string' ? hashPassword(value, cost) : value),
})
