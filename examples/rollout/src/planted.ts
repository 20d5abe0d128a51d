/** What is wrong with version 3. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

let turn = 0

export const planted: FunctionDefinition = defineFunction({
  name: 'planted.fails',
  kind: 'validate',
  needs: 'pure',
  description: 'Fails for one in ten.',
  params: v.strictObject({}),
  run() {
    if (turn++ % 10 === 0) throw new Error('planted')
    return null
  },
})
