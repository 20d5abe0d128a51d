/** The runtime's own errors: code to status and meaning, and the one way to make them. */
import { BackSaasError, type ErrorCatalogue, type ErrorOptions } from '@backsaas/core'

/** Codes of PostgREST and Postgres where they exist, else our own. What the dialect and the database say is told elsewhere. */
export type RuntimeErrorCode =
  | 'AUTH_REQUIRED'
  | 'KEY_INVALID'
  | 'KEYS_DIFFER'
  | 'KEY_UNKNOWN'
  | 'INVITATION_INVALID'
  | 'ARGUMENTS_INVALID'
  | 'IDENTITY_INVALID'
  | 'TENANT_NAME_INVALID'
  | 'TENANT_MISMATCH'
  | 'TENANT_UNKNOWN'
  | 'TENANT_SUSPENDED'
  | 'NO_SCHEMA_INSTALLED'
  | '42501'
  | 'ACCESS_UNDECIDED'
  | 'REGISTRY_READ_ONLY'
  | 'PGRST106'
  | 'SCHEMA_VERSION_INVALID'
  | 'SCHEMA_VERSION_UNKNOWN'
  | 'PGRST117'
  | 'PGRST125'
  | 'PGRST202'
  | 'URL_TOO_LONG'
  | 'BODY_TOO_LARGE'
  | 'BODY_UNREADABLE'
  | 'BODY_ENCODED'
  | 'STALE_SCHEMA'
  | 'CLOSING'
  | 'NOT_READY'
  | 'NOT_BOOTSTRAPPED'
  | 'LOGIN_TOO_POWERFUL'
  | 'SCHEMA_NOT_MIGRATED'
  | 'SCHEMA_UNREADABLE'
  | 'SCHEMA_CONFLICT'
  | 'OPTIONS_INVALID'
  | 'PLUGIN_INVALID'
  | 'PLUGIN_CONFLICT'
  | 'PLUGIN_REQUIRES'
  | 'CLIENT_NOT_READY'
  | 'CLIENT_NOT_INSTALLED'
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_UNKNOWN'
  | 'PLATFORM_DIFFERS'
  | 'FUNCTION_REFUSED'
  | 'FUNCTION_FAILED'
  | 'FUNCTION_ARGUMENTS'
  | 'FUNCTION_TIMEOUT'
  | 'FUNCTION_NOT_GIVEN'
  | 'FUNCTION_NEEDS'
  | 'FUNCTION_BUDGET'
  | 'FUNCTION_DEPTH'
  | 'FUNCTION_BUSY'
  | 'FUNCTION_OFF'
  | 'FUNCTION_SETTINGS'
  | 'UPSERT_HOOKS'
  | 'ROW_CHANGED'
  | 'STREAM_POSITION_INVALID'
  | 'STREAM_TYPES_INVALID'
  | 'STREAMS_TOO_MANY'
  | 'EVENTS_PRUNED'
  | 'JOBS_TOO_MANY'
  | 'INTERNAL'

export const RUNTIME_ERRORS: Readonly<Record<RuntimeErrorCode, ErrorCatalogue[string]>> = Object.freeze({
  AUTH_REQUIRED: { status: 401, message: 'No caller is named: neither an API key nor an identity.' },
  KEY_INVALID: { status: 401, message: 'The API key is unknown, wrong, expired or revoked.' },
  KEYS_DIFFER: { status: 401, message: 'Two different keys came with one request.' },
  KEY_UNKNOWN: { status: 404, message: 'The tenant has no such key in use.' },
  INVITATION_INVALID: { status: 403, message: 'The invitation is unknown, expired, revoked or accepted.' },
  ARGUMENTS_INVALID: { status: 422, message: 'The arguments of a function are not what it takes.' },
  IDENTITY_INVALID: { status: 500, message: 'An identify function answered something that is no identity.' },
  TENANT_NAME_INVALID: { status: 400, message: 'A tenant is named by a text that can be neither slug nor id.' },
  TENANT_MISMATCH: { status: 400, message: 'Host, path, header and caller name different tenants.' },
  TENANT_UNKNOWN: { status: 404, message: 'There is no such tenant.' },
  TENANT_SUSPENDED: { status: 403, message: 'The tenant is suspended.' },
  NO_SCHEMA_INSTALLED: { status: 404, message: 'The tenant has no schema installed.' },
  '42501': { status: 403, message: 'The caller may not do this.' },
  ACCESS_UNDECIDED: { status: 503, message: 'A schema has access rules and no plugin decides on them.' },
  REGISTRY_READ_ONLY: { status: 403, message: 'The registry is read-only over HTTP.' },
  PGRST106: { status: 406, message: 'The profile asked for is none of the tenant’s.' },
  SCHEMA_VERSION_INVALID: { status: 400, message: 'The header Schema-Version holds no version.' },
  SCHEMA_VERSION_UNKNOWN: { status: 406, message: 'The version asked for does not serve, or not any more.' },
  PGRST117: { status: 405, message: 'The route does not take this method.' },
  PGRST125: { status: 404, message: 'There is no such route.' },
  PGRST202: { status: 404, message: 'There is no such function.' },
  URL_TOO_LONG: { status: 414, message: 'The URL is longer than the limit.' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than the limit.' },
  BODY_UNREADABLE: { status: 400, message: 'The body broke off or is not UTF-8.' },
  BODY_ENCODED: { status: 415, message: 'The body has a content-encoding, which is not undone.' },
  STALE_SCHEMA: { status: 503, message: 'The schema is changing; the request came between two versions.' },
  CLOSING: { status: 503, message: 'The runtime is shutting down.' },
  NOT_READY: { status: 503, message: 'The runtime could not start, for a reason of its own.' },
  NOT_BOOTSTRAPPED: { status: 503, message: 'The database has no control schema yet.' },
  LOGIN_TOO_POWERFUL: { status: 503, message: 'The login of the runtime could pass over row level security.' },
  SCHEMA_NOT_MIGRATED: { status: 503, message: 'A schema given in code is not live in the database.' },
  SCHEMA_UNREADABLE: { status: 503, message: 'A schema given in code cannot be read or compiled here.' },
  SCHEMA_CONFLICT: { status: 503, message: 'Two schemas given in code have one name.' },
  OPTIONS_INVALID: { status: 500, message: 'An option of the runtime makes no sense.' },
  PLUGIN_INVALID: { status: 500, message: 'A plugin is not formed as one.' },
  PLUGIN_CONFLICT: { status: 500, message: 'Two plugins claim the same name, route, error code or schema.' },
  PLUGIN_REQUIRES: { status: 500, message: 'A plugin requires another that is not there, or that requires it.' },
  CLIENT_NOT_READY: { status: 500, message: 'The data client was asked for before it was loaded.' },
  CLIENT_NOT_INSTALLED: { status: 500, message: 'The data client needs @supabase/postgrest-js.' },
  DATABASE_UNREACHABLE: { status: 503, message: 'The database does not answer.' },
  DATABASE_UNKNOWN: { status: 503, message: 'The runtime was not given the database of the tenant.' },
  PLATFORM_DIFFERS: { status: 503, message: 'The database was set up by another version.' },
  FUNCTION_REFUSED: { status: 422, message: 'A function that the schema names refuses the row.' },
  FUNCTION_ARGUMENTS: { status: 422, message: 'A function is called with arguments that it does not take.' },
  FUNCTION_FAILED: { status: 500, message: 'A function broke.' },
  FUNCTION_TIMEOUT: { status: 503, message: 'A function took too long.' },
  FUNCTION_NOT_GIVEN: { status: 503, message: 'The schema names a function that this runtime was not given.' },
  FUNCTION_NEEDS: { status: 500, message: 'A function uses more than it says that it needs.' },
  FUNCTION_BUDGET: { status: 422, message: 'A write would call functions more often than one request may.' },
  FUNCTION_DEPTH: { status: 422, message: 'Functions have led to each other too often.' },
  FUNCTION_BUSY: { status: 503, message: 'Too many functions of the tenant are under way.' },
  FUNCTION_OFF: { status: 422, message: 'The tenant has turned the function off.' },
  FUNCTION_SETTINGS: { status: 422, message: 'What the tenant has set of a function is not as it must be.' },
  UPSERT_HOOKS: { status: 400, message: 'An upsert cannot tell which hooks hold for its rows.' },
  ROW_CHANGED: { status: 409, message: 'Rows kept changing while hooks looked at them.' },
  STREAM_POSITION_INVALID: { status: 400, message: 'The last event id is no position of an event.' },
  STREAM_TYPES_INVALID: { status: 400, message: 'A type of event is asked for that cannot be one.' },
  STREAMS_TOO_MANY: { status: 429, message: 'The tenant has as many event streams open as it may.' },
  EVENTS_PRUNED: { status: 410, message: 'Events that were to follow are kept no longer.' },
  JOBS_TOO_MANY: { status: 429, message: 'As many jobs of the tenant wait as may.' },
  INTERNAL: { status: 500, message: 'Something broke on our side.' },
})

/**
 * An error of the catalogue, with the status that stands there.
 *
 * @example throw runtimeError('TENANT_UNKNOWN', 'there is no tenant "acme"', { hint: 'backsaas tenant create acme' })
 */
export function runtimeError(code: RuntimeErrorCode, message: string, options: ErrorOptions = {}): BackSaasError {
  return new BackSaasError(code, RUNTIME_ERRORS[code].status, message, options)
}
