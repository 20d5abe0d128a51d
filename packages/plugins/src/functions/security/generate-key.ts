/** `security.generate_key`: a secret that nobody can guess. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import { bytesToHex } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const generateKey: FunctionDefinition = defineFunction({
  name: 'security.generate_key',
  kind: 'compute',
  needs: 'pure',
  callable: true,
  description: 'Makes a random key, whatever the client gave for the field.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    prefix: v.optional(
      v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{0,20}$/), v.description('What it begins with, as sk_.')),
      '',
    ),
    bytes: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(64), v.description('How many random bytes it has.')),
      24,
    ),
  }),
  run: (_context, _value, { prefix, bytes }) => prefix + bytesToHex(crypto.getRandomValues(new Uint8Array(bytes))),
})
