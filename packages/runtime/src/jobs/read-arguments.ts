/** The body of a request for a job → its arguments. */
import {
  BackSaasError,
  checkArguments,
  type JobKind,
  type JobRequest,
  type Json,
  type JsonObject,
} from '@backsaas/core'
import { checkNesting } from '../dialect/nesting.ts'
import { memberText } from './member-text.ts'

const YAML: ReadonlySet<string> = new Set(['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'])

/**
 * JSON arguments, or a schema as it is under a media type of YAML. A document given as JSON is kept as it was written.
 *
 * @param prepare may change the arguments before they are checked.
 * @throws `PGRST102` (400, 415 for another content type); `ARGUMENTS_INVALID` (422).
 * @example readArguments('validate_schema', 'schema: crm\n…', 'application/yaml').input.source
 */
export function readArguments(
  kind: JobKind,
  body: string,
  contentType: string | null,
  prepare: (given: JsonObject) => JsonObject = (given) => given,
): JobRequest {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (YAML.has(type)) return checkArguments(kind, { source: body })
  if (type !== '' && type !== 'application/json') {
    throw new BackSaasError('PGRST102', 415, `Content-Type not acceptable: ${type.slice(0, 100)}`, {
      hint: 'Send application/json, or a schema as application/yaml.',
    })
  }
  checkNesting(body)
  const given = parseJson(body === '' ? '{}' : body)
  if (!isObject(given)) return checkArguments(kind, given)
  const isWritten = isObject(given.source)
  const named = isWritten ? { ...given, source: memberText(body, 'source') } : given
  return checkArguments(kind, prepare(named))
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch (cause) {
    throw new BackSaasError('PGRST102', 400, 'Empty or invalid json', { details: 'the body is not valid JSON', cause })
  }
}
