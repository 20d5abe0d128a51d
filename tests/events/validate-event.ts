/** Events against the JSON Schema that is handed out, by a validator that is not ours. */
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'

let validate: ValidateFunction | undefined

/** What is wrong with it; nothing where it is as its type defines it. */
export function validateEvent(event: unknown): readonly string[] {
  validate ??= compile()
  return validate(event) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

function compile(): ValidateFunction {
  const ajv = new Ajv({ strict: true, strictTypes: false })
  // A CommonJS module whose function is its member `default` too.
  formats.default(ajv)
  return ajv.compile(JSON.parse(readFileSync(new URL('../../schemas/events.json', import.meta.url), 'utf8')))
}
