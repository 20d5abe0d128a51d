/** A module of a developer's own functions, as `--functions` takes it: by them a hook uses the data API, and what the registry keeps. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'

const keep = defineFunction({
  name: 'test.keep',
  kind: 'hook',
  needs: 'writes',
  description: 'Writes a row.',
  moments: ['after_create'],
  params: v.strictObject({}),
  async run({ data }, row) {
    await data.create('greetings', { text: `for ${row.email}` })
    return undefined
  },
})

const greet = defineFunction({
  name: 'test.greet',
  kind: 'hook',
  needs: 'network',
  description: 'Greets with what the tenant has set.',
  moments: ['after_create'],
  params: v.strictObject({}),
  settings: v.strictObject({ word: v.optional(v.string()) }),
  async run(context) {
    const { word = 'unset' } = context.settings as { word?: string }
    return { text: `${word} ${await context.secret('sign')}` }
  },
})

export const functions: readonly FunctionDefinition[] = [keep, greet]
