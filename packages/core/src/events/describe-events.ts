/** The documentation of the event types, made of their definitions. */
import type { JsonObject } from '../contracts/json.ts'
import { EVENT_DEFINITIONS } from './definitions.ts'
import { eventJsonSchema } from './event-json-schema.ts'
import type { EventType } from './payloads.ts'

/** Markdown: for each type when it happens, whose it is, and its fields. */
export function describeEvents(): string {
  const types = Object.keys(EVENT_DEFINITIONS) as EventType[] // the keys of the definitions are the types
  return [HEAD, ...types.map(describe)].join('\n')
}

const HEAD = `# Event types

This page is made of the definitions in \`packages/core/src/events\` by \`npm run docs:events\`, as is
[schemas/events.json](../schemas/events.json), their JSON Schema.

An event is a [CloudEvents 1.0](https://github.com/cloudevents/spec) envelope. \`tenantid\` is whose it is, \`position\` its place among all
events of the database; \`data\` is what each type says below. Consumers should pass over types that they do not know, and fields
beside those that they do.
`

function describe(type: EventType): string {
  const { description, subject, tenant } = EVENT_DEFINITIONS[type]
  const { data } = eventJsonSchema(type).properties as JsonObject // as `envelope` makes it
  const rows = Object.entries((data as JsonObject).properties as JsonObject).map(
    ([field, shape]) => `| \`${field}\` | ${typeOf(shape as JsonObject)} |`,
  )
  return `## ${type}

${description} Whose: ${tenant}. \`subject\`: ${subject}.

| field of \`data\` | type |
| --- | --- |
${rows.join('\n')}
`
}

function typeOf(shape: JsonObject): string {
  if (Array.isArray(shape.enum)) return shape.enum.map((value) => `\`"${String(value)}"\``).join(', ')
  if (shape.type !== 'array') return [shape.type, shape.format].filter(Boolean).join(', ')
  const items = shape.items as JsonObject
  const variants = items.anyOf ?? items.oneOf
  if (!Array.isArray(variants)) return `array of ${typeOf(items)}`
  return `array of ${variants.map((one) => variantOf(one as JsonObject)).join(', ')}`
}

/** `AddField {entity, field}` */
function variantOf(shape: JsonObject): string {
  const { type, ...fields } = shape.properties as JsonObject
  const names = Object.keys(fields)
  const tag = String((type as JsonObject).const)
  return names.length === 0 ? `\`${tag}\`` : `\`${tag} {${names.join(', ')}}\``
}
