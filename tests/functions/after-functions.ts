/** Functions that write down that they were called, for the tests of hooks after a write. */
import {
  BackSaasError,
  defineFunction,
  type FunctionContext,
  type FunctionDefinition,
  type FunctionRow,
} from '@backsaas/core'
import * as v from 'valibot'

export interface Called {
  readonly as: string
  readonly row: FunctionRow
  readonly context: FunctionContext
}

/** @param calls is added to. */
export function recording(calls: Called[]): readonly FunctionDefinition[] {
  const record = defineFunction({
    name: 'test.record',
    kind: 'hook',
    needs: 'pure',
    description: 'Writes down that it was called.',
    moments: ['after_create', 'after_update', 'after_delete'],
    params: v.strictObject({ as: v.string(), fail: v.optional(v.picklist(['final', 'passing'])) }),
    run(context, row, { as, fail }) {
      calls.push({ as, row, context })
      if (fail === 'final') throw new BackSaasError('NO_WAY', 422, 'never')
      if (fail === 'passing' && calls.filter((call) => call.context.id === context.id).length < 3)
        throw new Error('the inside of test.record')
      return { seen: as }
    },
  })
  const loop = defineFunction({
    name: 'test.loop',
    kind: 'hook',
    needs: 'writes',
    description: 'Makes another row of its own entity.',
    moments: ['after_create'],
    params: v.strictObject({}),
    async run({ data }, { n }) {
      await data.create('loops', { n: Number(n) + 1 })
      return undefined
    },
  })
  return [record, loop]
}
