/** `validation.json_schema`: what a JSON value must look like. By `@cfworker/json-schema`, which compiles no code and so runs on Workers. */
import { defineFunction, type FunctionDefinition, type Json } from '@backsaas/core'
import { type Schema, Validator } from '@cfworker/json-schema'
import * as v from 'valibot'

/** A regular expression may take for ever on a text that is made for it; to compare each item with each takes long for a list that is. */
const REFUSED: ReadonlySet<string> = new Set([
  ...['pattern', 'patternProperties', '$ref', '$dynamicRef', '$recursiveRef', 'uniqueItems'],
])
const validators = new WeakMap<object, Validator>()

export const jsonSchema: FunctionDefinition = defineFunction({
  name: 'validation.json_schema',
  kind: 'validate',
  needs: 'pure',
  description:
    'Refuses a JSON value that does not fit a JSON Schema (draft 2020-12), without patterns, references and `uniqueItems`.',
  fields: ['json'],
  params: v.strictObject({
    schema: v.pipe(v.record(v.string(), v.unknown()), v.description('The JSON Schema.')),
  }),
  check({ schema }) {
    const found = refusedKey(schema, ['schema'])
    return found
      ? [
          {
            path: found,
            message: `\`${found.at(-1)}\` is not taken here`,
            hint: 'list the values with `enum`, or leave it out',
          },
        ]
      : []
  },
  run(_, value, params) {
    const { valid, errors } = validatorOf(params).validate(value)
    if (valid) return null
    const last = errors.at(-1)
    return {
      code: 'json_schema',
      detail: `does not fit its schema at ${last?.instanceLocation ?? '#'}: ${last?.error ?? ''}`,
    }
  },
})

function validatorOf(params: { readonly schema: Readonly<Record<string, unknown>> }): Validator {
  let found = validators.get(params)
  if (!found) {
    found = new Validator(params.schema as Schema, '2020-12', false)
    validators.set(params, found)
  }
  return found
}

/** The path of a keyword that is refused; where a property has its name, that is taken for one too. */
function refusedKey(part: unknown, path: readonly (string | number)[]): readonly (string | number)[] | null {
  if (typeof part !== 'object' || part === null) return null
  for (const [key, inner] of Object.entries(part as Readonly<Record<string, Json>>)) {
    const isName = path.at(-1) === 'properties'
    if (!isName && REFUSED.has(key)) return [...path, key]
    const found = key === 'enum' || key === 'const' ? null : refusedKey(inner, [...path, key])
    if (found) return found
  }
  return null
}
