/** An error as RFC 9457 problem details, with the members that PostgREST's clients expect; and back. */
import type { Json, JsonObject } from '../contracts/json.ts'
import { BackSaasError, type FieldProblem } from './backsaas-error.ts'

/**
 * The body that an error is answered with, but for what is of one request.
 *
 * @example problemOf(new BackSaasError('TENANT_UNKNOWN', 404, 'there is no tenant "acme"')).title // 'Not Found'
 */
export function problemOf({ code, status, message, details, hint, errors }: BackSaasError): JsonObject {
  return {
    type: 'about:blank',
    title: TITLES[status] ?? (status < 500 ? 'Request Refused' : 'Server Error'),
    status,
    detail: message,
    code,
    message,
    details,
    hint,
    errors: errors.map((error) => ({ ...error })),
  }
}

/** The error that `problemOf` has written down. */
export function errorOf(problem: JsonObject): BackSaasError {
  const { code, status, message, details = null, hint, errors } = problem
  return new BackSaasError(String(code), Number(status), String(message), {
    details,
    hint: typeof hint === 'string' ? hint : null,
    errors: Array.isArray(errors) ? errors.map((error: Json) => error as unknown as FieldProblem) : [], // written by `problemOf`
  })
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
