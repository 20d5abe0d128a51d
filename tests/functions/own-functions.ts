/** Functions of a developer's own, as the tests' schemas name them. */
import { BackSaasError, defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

const frozen = defineFunction({
  name: 'shop.frozen',
  kind: 'hook',
  needs: 'pure',
  description: 'Refuses whatever it is asked.',
  moments: ['before_update', 'before_delete'],
  params: v.strictObject({}),
  run({ old, user }) {
    throw new BackSaasError('FUNCTION_REFUSED', 422, 'frozen', {
      errors: [{ pointer: '/email', code: 'frozen', detail: `is frozen for ${user.kind}: ${String(old?.email)}` }],
    })
  },
})

const count = defineFunction({
  name: 'shop.count',
  kind: 'compute',
  needs: 'pure',
  description: 'Always one.',
  fields: ['integer'],
  params: v.strictObject({}),
  run: () => 1,
})

/** How many other customers the caller sees with the same name; asked for all rows at once. */
const namesakes = defineFunction({
  name: 'shop.namesakes',
  kind: 'validate',
  needs: 'reads',
  description: 'Refuses a name that is there already.',
  fields: ['string'],
  params: v.strictObject({ max: v.number() }),
  async run(context, value, { max }) {
    const found = await context.data.count('people', { name: String(value) })
    return found > max ? { code: 'namesakes', detail: `is there ${found} times` } : null
  },
  async runAll(context, values, { max }) {
    const rows = await context.data.find('people', {
      where: { name: values.map(String) },
      select: ['name'],
      limit: 1000,
    })
    return values.map((value) =>
      rows.filter(({ name }) => name === value).length > max ? { code: 'namesakes', detail: 'is there' } : null,
    )
  },
})

const broken = defineFunction({
  name: 'shop.broken',
  kind: 'transform',
  needs: 'pure',
  description: 'Breaks.',
  params: v.strictObject({}),
  run(context, value) {
    if (value === 'data') return String(context.data)
    throw new Error('the inside of shop.broken')
  },
})

const slow = defineFunction({
  name: 'shop.slow',
  kind: 'transform',
  needs: 'network',
  description: 'Never answers.',
  params: v.strictObject({}),
  run: () => new Promise<never>(() => undefined),
})

export const OWN_FUNCTIONS: readonly FunctionDefinition[] = [frozen, count, namesakes, broken, slow]
