/** The arguments of the registry's own functions: a JSON object of known members, every fault told. */
import { BackSaasError, type FieldProblem, type JsonObject } from '@backsaas/core'
import { checkNesting } from '../dialect/nesting.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { FunctionRequest } from '../functions/function-request.ts'
import { readBody } from '../http/read-body.ts'

/** What is wrong with a member's value; null where nothing is. Asked with undefined where the member is missing. */
export type Check = (value: unknown) => string | null

/**
 * @throws `PGRST102` (400, 415), `ARGUMENTS_INVALID` (422) with every fault and its place.
 * @example const { id } = await readFields(request, 'revoke_api_key', { id: uuid })
 */
export async function readFields(
  request: FunctionRequest,
  name: string,
  checks: Readonly<Record<string, Check>>,
): Promise<JsonObject> {
  const type = request.request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type !== '' && type !== 'application/json')
    throw new BackSaasError('PGRST102', 415, `Content-Type not acceptable: ${type.slice(0, 100)}`)
  const given = parseObject(await readBody(request.request, request.limits.bodyBytes))
  const problems: FieldProblem[] = Object.keys(given)
    .filter((member) => !Object.hasOwn(checks, member))
    .map((member) => ({ pointer: `/${member.slice(0, 100)}`, code: 'UNKNOWN', detail: `is no argument of ${name}` }))
  for (const [member, check] of Object.entries(checks)) {
    const detail = check(given[member] ?? undefined)
    if (detail !== null) problems.push({ pointer: `/${member}`, code: 'INVALID', detail })
  }
  if (problems.length === 0) return given
  const [first] = problems
  throw new BackSaasError('ARGUMENTS_INVALID', 422, `${name}: ${first?.pointer.slice(1)} ${first?.detail}`, {
    errors: problems.slice(0, 100),
    hint: `Its arguments are ${Object.keys(checks).join(', ')}.`,
  })
}

function parseObject(body: string): JsonObject {
  checkNesting(body)
  let given: unknown
  try {
    given = JSON.parse(body === '' ? '{}' : body)
  } catch (cause) {
    throw new BackSaasError('PGRST102', 400, 'Empty or invalid json', { details: 'the body is not valid JSON', cause })
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw runtimeError('ARGUMENTS_INVALID', 'the body is no object of arguments')
  return given as JsonObject // of JSON, as parsed
}

export function text(min: number, max: number): Check {
  return (value) =>
    typeof value === 'string' && value.trim().length >= min && value.length <= max
      ? null
      : `is a text of ${min} to ${max} characters`
}

export function listOf(what: string, max: number, fits: (item: unknown) => boolean): Check {
  return (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= max && value.every(fits)
      ? null
      : `is a list of 1 to ${max} ${what}`
}

export function wholeNumber(min: number, max: number): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? null
      : `is a whole number from ${min} to ${max}`
}

/** A time to come, as RFC 3339. */
export function future(nowMs: number): Check {
  return (value) =>
    typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value) && Date.parse(value) > nowMs
      ? null
      : 'is a time in the future, as 2030-01-31T00:00:00Z'
}

export function optional(check: Check): Check {
  return (value) => (value === undefined ? null : check(value))
}
