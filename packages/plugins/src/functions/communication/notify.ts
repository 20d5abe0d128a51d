/** `communication.notify`: tells somebody inside the product, as a row of `notifications` and an event. */
import { defineFunction, type FunctionDefinition } from '@backsaas/core'
import * as v from 'valibot'
import { missingFields } from '../missing-fields.ts'
import { fillTemplate } from './fill-template.ts'

export const notify: FunctionDefinition = defineFunction({
  name: 'communication.notify',
  kind: 'hook',
  needs: 'writes',
  description:
    'Makes a notification for the user whose id stands in a field, once, and publishes `notification.created`. Nobody else reads it.',
  moments: ['after_create', 'after_update', 'after_delete'],
  params: v.strictObject({
    to: v.pipe(
      v.string(),
      v.minLength(1),
      v.description('The field that holds the id of the user; where it is null, nobody is told.'),
    ),
    kind: v.optional(
      v.pipe(v.string(), v.maxLength(100), v.description('What it is called; `entity.action` unless given.')),
    ),
    title: v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(500),
      v.description('Its title; `{{field}}` stands for a value.'),
    ),
    body: v.optional(v.pipe(v.string(), v.maxLength(5000), v.description('Its text, in the same way.'))),
    key: v.optional(v.pipe(v.string(), v.description('The field that names the row.')), 'id'),
  }),
  check: ({ to, key }, place) => [...missingFields([to], ['to'], place), ...missingFields([key], ['key'], place)],
  async run(context, row, { to, kind, title, body, key }) {
    const user = row[to] ?? null
    if (user === null) return { told: 0 }
    const { schema, entity, action } = context.operation
    const notification = {
      ...{ id: context.id, user_id: String(user).slice(0, 200), kind: kind ?? `${entity}.${action}` },
      title: fillTemplate(title, context, row).slice(0, 500),
      body: body === undefined ? null : fillTemplate(body, context, row).slice(0, 10_000),
      about: { schema, entity, id: row[key] ?? null },
    }
    await context.registry.create('notifications', notification, { once: true })
    const { id, user_id, kind: called, about } = notification
    // What it says is read from the row, by whom it is for.
    context.events.publish('notification.created', { id, user_id, kind: called, about }, `notifications/${id}`)
    return { told: 1 }
  },
})
