/** The shape of `hooks:`: moment → uses of functions. What `with` may say is known to the function alone. */
import * as v from 'valibot'
import type { HooksDocument } from './hooks-document.ts'
import { closed, expression, name } from './shape-parts.ts'

const hooks = v.exactOptional(
  v.array(
    closed('hook', {
      use: name,
      on: v.exactOptional(name),
      when: v.exactOptional(expression),
      with: v.exactOptional(v.unknown()),
    }),
    'a list of hooks such as `- { use: transform.trim, on: email }`',
  ),
)

export const hooksShape: v.GenericSchema<unknown, HooksDocument> = closed('hooks', {
  before_create: hooks,
  before_update: hooks,
  before_delete: hooks,
  after_create: hooks,
  after_update: hooks,
  after_delete: hooks,
})
