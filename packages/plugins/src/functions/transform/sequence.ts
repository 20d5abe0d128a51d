/** `transform.sequence`: the next number of the tenant's own, as invoices have it. */
import { defineFunction, type FunctionContext, type FunctionDefinition, type Json } from '@backsaas/core'
import * as v from 'valibot'

const params = v.strictObject({
  counter: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9_.]{0,99}$/),
      v.description('Fields that name the same counter share its numbers; each has its own unless given.'),
    ),
  ),
  prefix: v.optional(
    v.pipe(v.string(), v.maxLength(20), v.description('What stands in front, in fields of text.')),
    '',
  ),
  width: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(15),
      v.description('Digits at least, in fields of text.'),
    ),
    1,
  ),
  yearly: v.optional(
    v.pipe(v.boolean(), v.description('Whether it begins anew each year (UTC), the year in front: 2026-0001.')),
    false,
  ),
})

export const sequence: FunctionDefinition = defineFunction({
  name: 'transform.sequence',
  kind: 'compute',
  needs: 'writes',
  description:
    'Numbers rows from 1, in each tenant by itself, whatever the client gave; an update leaves the number as it is given. No number is given twice; one that a refused write has taken is left out.',
  fields: ['string', 'text', 'integer', 'bigint'],
  params,
  check: ({ prefix, yearly }, { entity, field, entities }) =>
    (prefix === '' && !yearly) || ['string', 'text'].includes(entities[entity]?.[field ?? ''] ?? 'string')
      ? []
      : [{ path: [prefix === '' ? 'yearly' : 'prefix'], message: 'a number has neither prefix nor year' }],
  async run(context, _value, given) {
    const [number] = await take(context, 1, given)
    return number
  },
  runAll: (context, values, given) => take(context, values.length, given),
})

async function take(
  context: FunctionContext,
  count: number,
  { counter, prefix, width, yearly }: v.InferOutput<typeof params>,
): Promise<readonly (Json | undefined)[]> {
  const { operation, field } = context
  if (operation.action !== 'create') return Array(count).fill(undefined)
  const year = yearly ? `${new Date(context.now).getUTCFullYear()}` : ''
  const name = counter ?? `${operation.schema}.${operation.entity}.${field}`
  const first = await context.next(yearly ? `${name}/${year}` : name, count)
  const isText = prefix !== '' || yearly || width > 1
  const write = (number: number): Json =>
    isText ? `${prefix}${yearly ? `${year}-` : ''}${String(number).padStart(width, '0')}` : number
  return Array.from({ length: count }, (_, nth) => write(first + nth))
}
