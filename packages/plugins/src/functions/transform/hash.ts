/** `transform.hash`: a digest in place of a text, to compare by and never to read. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

export const hash: FunctionDefinition = defineFunction({
  name: 'transform.hash',
  kind: 'transform',
  needs: 'pure',
  callable: true,
  description: 'Keeps the digest of a text in hex instead of the text. Not for passwords: see security.password_hash.',
  fields: TEXT_FIELDS,
  params: v.strictObject({
    algorithm: v.optional(v.pipe(v.picklist(['sha256', 'sha512']), v.description('The digest.')), 'sha256'),
    normalise: v.optional(
      v.pipe(v.boolean(), v.description('Trims the text and writes it small before, so that spellings agree.')),
      false,
    ),
  }),
  run(_, value, { algorithm, normalise }) {
    if (typeof value !== 'string') return value
    const bytes = utf8ToBytes(normalise ? value.trim().toLowerCase() : value)
    return bytesToHex(algorithm === 'sha256' ? sha256(bytes) : sha512(bytes))
  },
})
