/** The JSON Schemas of events, envelope and data, for whoever reads them elsewhere. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { JsonObject } from '../contracts/json.ts'
import { EVENT_DEFINITIONS } from './definitions.ts'
import type { EventType } from './payloads.ts'

const DRAFT = 'http://json-schema.org/draft-07/schema#'

/**
 * An event of one type, as it is on a bus and in `/events`.
 *
 * @example ajv.compile(eventJsonSchema('schema.created'))
 */
export function eventJsonSchema(type: EventType): JsonObject {
  return { $schema: DRAFT, ...envelope(type) }
}

/** Any event: `definitions` has each type by its name. */
export function eventsJsonSchema(): JsonObject {
  const types = Object.keys(EVENT_DEFINITIONS) as EventType[] // the keys of the definitions are the types
  return {
    $schema: DRAFT,
    title: 'Events of BackSaaS',
    description: 'CloudEvents 1.0 in the JSON format; of each type, what `data` holds.',
    oneOf: types.map((type) => ({ $ref: `#/definitions/${type}` })),
    definitions: Object.fromEntries(types.map((type) => [type, envelope(type)])),
  }
}

function envelope(type: EventType): JsonObject {
  const { description, data } = EVENT_DEFINITIONS[type]
  return {
    title: type,
    description,
    type: 'object',
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', format: 'uuid' },
      source: { type: 'string', minLength: 1 },
      type: { const: type },
      subject: { type: 'string', minLength: 1 },
      time: { type: 'string', format: 'date-time' },
      datacontenttype: { const: 'application/json' },
      tenantid: { type: 'string', format: 'uuid' },
      position: { type: 'integer', minimum: 1 },
      data: dataSchema(data as v.GenericSchema),
    },
    required: ['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'tenantid', 'data'],
  }
}

function dataSchema(data: v.GenericSchema): JsonObject {
  const { $schema: _, ...schema } = toJsonSchema(data, {
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { type: 'object' } : undefined),
  })
  // The library's type allows what JSON has not; what it makes of our shapes is JSON.
  return JSON.parse(JSON.stringify(schema)) as JsonObject
}
