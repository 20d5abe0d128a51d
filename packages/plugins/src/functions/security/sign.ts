/** `security.sign`: a signature over fields of the row, by which whoever has the secret knows that nobody changed them. */
import { defineFunction, type FunctionContext, type FunctionDefinition, type FunctionRow } from '@backsaas/core'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import * as v from 'valibot'
import { TEXT_FIELDS } from '../text-fields.ts'

const params = v.strictObject({
  fields: v.pipe(
    v.array(v.string()),
    v.minLength(1),
    v.maxLength(50),
    v.description('The fields that are signed, in this order.'),
  ),
  secret: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9_]{0,99}$/),
    v.description('The name of the secret, as `backsaas secret set` has it.'),
  ),
})

export const sign: FunctionDefinition = defineFunction({
  name: 'security.sign',
  kind: 'compute',
  needs: 'network',
  description:
    'Keeps HMAC-SHA256, in hex, over the JSON list of the values of fields as they are given, absent ones as null. At an update it signs what is known of the row.',
  fields: TEXT_FIELDS,
  old: true,
  params,
  check({ fields }, { entity, entities, field }) {
    return fields.flatMap((name, index) => {
      const isThere = entities[entity]?.[name] !== undefined && name !== field
      return isThere ? [] : [{ path: ['fields', index], message: `\`${entity}\` has no other field \`${name}\`` }]
    })
  },
  async run(context, _value, given) {
    const [signature] = await signRows(context, [context.row], given)
    return signature
  },
  runAll: (context, _values, given, rows) =>
    signRows(
      context,
      rows.map(({ row }) => row),
      given,
    ),
})

/** @example signatureOf('secret', [42, 'EUR', null]) */
export function signatureOf(secret: string, values: readonly unknown[]): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(JSON.stringify(values))))
}

async function signRows(
  context: FunctionContext,
  rows: readonly FunctionRow[],
  { fields, secret }: v.InferOutput<typeof params>,
): Promise<readonly string[]> {
  const key = await context.secret(secret)
  return rows.map((row) =>
    signatureOf(
      key,
      fields.map((field) => row[field] ?? null),
    ),
  )
}
