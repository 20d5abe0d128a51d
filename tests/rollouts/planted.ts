/** What is wrong with versions on purpose: functions that their hooks name. */
import { setTimeout as delay } from 'node:timers/promises'
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

/** One request in twenty, or ten. */
let turn = 0
const planted = (name: string, run: () => unknown): ReturnType<typeof defineFunction> =>
  defineFunction({
    name: `planted.${name}`,
    kind: 'validate',
    needs: 'reads',
    description: 'Is wrong on purpose.',
    params: v.strictObject({}),
    async run() {
      await run()
      return name === 'refuses' && turn++ % 10 === 0 ? { code: 'planted', detail: 'is planted' } : null
    },
  })
export const PLANTED: readonly FunctionDefinition[] = [
  planted('fails', () => {
    if (turn++ % 20 === 0) throw new Error('planted')
  }),
  planted('waits', () => delay(40)),
  planted('refuses', () => undefined),
]
