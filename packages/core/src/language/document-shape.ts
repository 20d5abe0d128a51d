/**
 * The shape of a schema document, as one valibot schema: which keys stand where and what kind of value they hold.
 *
 * What a key means beside others (a `precision` only for decimals) is no matter of shape and is checked elsewhere.
 */
import * as v from 'valibot'
import { accessShape } from './access-shape.ts'
import {
  EVENTS,
  FIELD_TYPES,
  FORMATS,
  ON_DELETE,
  OPTIONAL_SYSTEM_FIELDS,
  ORPHANS,
  type SchemaDocument,
} from './document.ts'
import { hooksShape } from './hooks-shape.ts'
import { closed, either, expression, flag, name, names, oneOf, recordOf, text } from './shape-parts.ts'
import { testsShape } from './tests-shape.ts'

const nameOrNames = either([name, names], 'a name or a list of names')
const exactNumber = v.union([v.number(), v.bigint(), v.string()], 'a number')
const count = v.pipe(v.number('a whole number'), v.integer('a whole number'), v.minValue(0, 'a number of 0 or more'))
const values = v.array(text, 'a list of texts')
/** One condition or several, all of which must hold. */
const check = either(
  [expression, v.array(expression, 'a list of expressions')],
  'an expression in CEL, or a list of them',
)

const field = closed('field', {
  description: v.exactOptional(text),
  type: v.exactOptional(oneOf(FIELD_TYPES)),
  list: v.exactOptional(flag),
  required: v.exactOptional(flag),
  unique: v.exactOptional(flag),
  identity: v.exactOptional(flag),
  default: v.exactOptional(v.unknown()),
  values: v.exactOptional(values),
  strict: v.exactOptional(flag),
  min: v.exactOptional(exactNumber),
  max: v.exactOptional(exactNumber),
  precision: v.exactOptional(count),
  scale: v.exactOptional(count),
  format: v.exactOptional(oneOf(FORMATS)),
  pattern: v.exactOptional(text),
  to: v.exactOptional(name),
  as: v.exactOptional(name),
  on_delete: v.exactOptional(oneOf(ON_DELETE)),
  computed: v.exactOptional(expression),
  stored: v.exactOptional(flag),
  check: v.exactOptional(check),
  renamed_from: v.exactOptional(name),
  convert: v.exactOptional(
    closed('conversion', {
      up: v.exactOptional(expression),
      down: v.exactOptional(expression),
      hook: v.exactOptional(text),
    }),
  ),
  map: v.exactOptional(recordOf(v.nullable(v.string('a value, or null')), 'an object of old values and new ones')),
  fill: v.exactOptional(v.unknown()),
  orphans: v.exactOptional(oneOf(ORPHANS)),
})

const jsonSchemaItem = {
  type: v.exactOptional(oneOf(['string', 'integer', 'number', 'boolean', 'object'] as const)),
  format: v.exactOptional(text),
  enum: v.exactOptional(values),
  pattern: v.exactOptional(text),
  minLength: v.exactOptional(count),
  maxLength: v.exactOptional(count),
  minimum: v.exactOptional(exactNumber),
  maximum: v.exactOptional(exactNumber),
}
const jsonSchemaType = oneOf(['string', 'integer', 'number', 'boolean', 'object', 'array', 'null'] as const)

const jsonSchemaProperty = closed('JSON Schema property', {
  ...jsonSchemaItem,
  type: v.exactOptional(v.union([jsonSchemaType, v.array(jsonSchemaType)], 'a JSON type or a list of JSON types')),
  description: v.exactOptional(text),
  default: v.exactOptional(v.unknown()),
  items: v.exactOptional(closed('JSON Schema item', jsonSchemaItem)),
  minItems: v.exactOptional(count),
  maxItems: v.exactOptional(count),
})

const entity = closed('entity', {
  description: v.exactOptional(text),
  key: v.exactOptional(nameOrNames),
  without: v.exactOptional(v.array(oneOf(OPTIONAL_SYSTEM_FIELDS), 'a list of system fields')),
  fields: v.exactOptional(recordOf(field, 'an object of fields')),
  schema: v.exactOptional(
    closed('JSON Schema entity', {
      type: v.exactOptional(v.literal('object', 'the word object')),
      description: v.exactOptional(text),
      required: v.exactOptional(names),
      properties: recordOf(jsonSchemaProperty, 'an object of properties'),
      additionalProperties: v.exactOptional(v.literal(false, 'false, the only way there is')),
    }),
  ),
  unique: v.exactOptional(v.array(names, 'a list of lists of fields')),
  indexes: v.exactOptional(v.array(names, 'a list of lists of fields')),
  references: v.exactOptional(
    v.array(
      closed('reference', {
        fields: names,
        to: name,
        as: v.exactOptional(name),
        on_delete: v.exactOptional(oneOf(ON_DELETE)),
      }),
      'a list of references',
    ),
  ),
  has_many: v.exactOptional(
    recordOf(closed('other side', { entity: name, by: v.exactOptional(nameOrNames) }), 'an object of other sides'),
  ),
  events: v.exactOptional(v.array(oneOf(EVENTS), 'a list of created, updated, deleted')),
  check: v.exactOptional(check),
  access: v.exactOptional(accessShape),
  hooks: v.exactOptional(hooksShape),
  renamed_from: v.exactOptional(name),
  removed: v.exactOptional(
    either(
      [names, recordOf(closed('removed field', { down: v.exactOptional(expression) }), 'an object of removed fields')],
      'a list of names, or an object of them',
    ),
  ),
})

const role = closed('role', { description: v.exactOptional(text), inherits: v.exactOptional(names) })

export const schemaDocument: v.GenericSchema<unknown, SchemaDocument> = closed('schema', {
  schema: name,
  version: v.exactOptional(
    v.pipe(v.number('a version number'), v.integer('a whole number'), v.minValue(1, 'a number of 1 or more')),
  ),
  description: v.exactOptional(text),
  roles: v.exactOptional(recordOf(role, 'an object of roles')),
  entities: recordOf(entity, 'an object of entities'),
  functions: v.exactOptional(recordOf(v.unknown(), 'an object of functions')),
  tests: v.exactOptional(testsShape),
  removed: v.exactOptional(names),
})
