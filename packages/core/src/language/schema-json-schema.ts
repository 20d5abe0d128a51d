/** The JSON Schema of the language, for editors. */
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { JsonObject } from '../contracts/json.ts'
import { schemaDocument } from './document-shape.ts'
import { testFileShape } from './tests-shape.ts'

/**
 * Generated from the shape that `compileSchema` checks. It says which keys stand where; that names exist and options
 * fit their types is known to `compileSchema` alone.
 *
 * @example monaco.languages.yaml.setDiagnosticsOptions({ schemas: [{ schema: schemaJsonSchema(), fileMatch: ['*'] }] })
 */
export function schemaJsonSchema(): JsonObject {
  return jsonSchemaOf(schemaDocument)
}

/** The same for files of policy tests, `*.test.yaml`. */
export function testsJsonSchema(): JsonObject {
  return jsonSchemaOf(testFileShape)
}

function jsonSchemaOf(shape: v.GenericSchema): JsonObject {
  const schema = toJsonSchema(shape, {
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (valibotSchema.type === 'bigint') return { type: 'integer' }
      return valibotSchema.type === 'object_with_rest' ? { ...jsonSchema, additionalProperties: false } : undefined
    },
  })
  // The library's type allows what JSON has not; what it makes of our shape is JSON.
  return JSON.parse(JSON.stringify(schema)) as JsonObject
}
