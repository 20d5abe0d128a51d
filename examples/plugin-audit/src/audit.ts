/**
 * Keeps an audit trail: every change of a record that publishes events becomes an entry of the tenant that it belongs
 * to. Entries are read like any other rows (profile `audit`) and written by nobody but this plugin.
 */
import {
  BackSaasError,
  definePlugin,
  type Event,
  type Json,
  type JsonObject,
  type Operation,
  type OperationContext,
  type Plugin,
  type PluginContext,
  type RequestContext,
  type RouteContext,
} from '@backsaas/core'
import { AUDIT_SCHEMA } from './schema.ts'

export interface AuditOptions {
  /** Members of records that are never kept, whatever the entity: `['password']`. */
  readonly redact?: readonly string[]
}

const ERRORS = {
  AUDIT_APPEND_ONLY: { status: 403, message: 'the audit trail is written by the platform alone' },
} as const

/**
 * The plugin. Its schema must be migrated and installed like any other before a tenant's changes are kept.
 *
 * @throws `BackSaasError` `AUDIT_APPEND_ONLY` (403) at requests that write entries.
 * @example
 * await migrate(database, audit().schema)
 * const backsaas = createRuntime({ database, plugins: [audit({ redact: ['meta'] })] })
 */
export function audit(options: AuditOptions = {}): Plugin & { readonly schema: string } {
  // Unknown outside this closure, so that no identity that a caller can have equals it.
  const writer = `audit-${crypto.randomUUID()}`
  const write = (event: Event, context: PluginContext): Promise<void> => keep(event, context, writer)
  return definePlugin({
    name: 'audit',
    schema: AUDIT_SCHEMA,
    errors: ERRORS,
    on: { 'record.created': write, 'record.updated': write, 'record.deleted': write },
    stages: {
      authorize: (operation, context) => refuseForgery(operation, context, writer),
      before: (operation, context) => redact(operation, context, options.redact ?? []),
      respond: announce,
    },
    routes: [
      {
        method: 'GET',
        path: '/audit/summary',
        summary: 'How many entries the audit trail has for each action',
        parameters: [{ name: 'entity', in: 'query', description: 'Count the entries of one entity only' }],
        responses: { 200: { description: '`{ "created": 12, "updated": 3, "deleted": 1 }`' } },
        handle: summarise,
      },
    ],
  })
}

/** What a record event carries. */
interface Change {
  readonly schema: string
  readonly entity: string
  readonly record: JsonObject
}

/** Event → entry. A second delivery of the same event meets the unique `event_id` and changes nothing. */
async function keep(event: Event, context: PluginContext, writer: string): Promise<void> {
  const { schema, entity, record } = event.data as unknown as Change // the shape of every record event
  const entry = {
    event_id: event.id,
    action: event.type.slice('record.'.length),
    schema_name: schema,
    entity,
    record_key: (event.subject ?? '').slice(entity.length + 1),
    record,
    happened_at: event.time,
  }
  const client = context.for({ tenant: event.tenantid, id: writer, kind: 'service', roles: ['admin'] })
  const { error } = await client.schema('audit').from('entries').insert(entry)
  if (error && error.code !== '23505') {
    throw new BackSaasError('INTERNAL', 500, `no entry for event ${event.id}: ${error.code} ${error.message}`)
  }
}

function refuseForgery(operation: Operation, { schema, principal }: OperationContext, writer: string): Operation {
  if (schema.name === 'audit' && operation.action !== 'read' && principal.id !== writer) {
    const { status, message } = ERRORS.AUDIT_APPEND_ONLY
    throw new BackSaasError('AUDIT_APPEND_ONLY', status, message)
  }
  return operation
}

/** Takes members out of the records of entries. Rows that change are new, and their text is dropped with them. */
function redact(operation: Operation, { schema }: OperationContext, members: readonly string[]): Operation {
  const { input, ...rest } = operation
  if (schema.name !== 'audit' || !input || members.length === 0) return operation
  const { text: _, ...kept } = input
  const rows = input.rows.map((row) => ({ ...row, record: without(row.record as Json, members) })) // parsed JSON
  return { ...rest, input: { ...kept, rows } }
}

function without(record: Json, members: readonly string[]): Json {
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return record
  return Object.fromEntries(Object.entries(record).filter(([name]) => !members.includes(name)))
}

/** Says on every answer to a write that it is on the record. */
function announce(response: Response, { request }: RequestContext): Response {
  if (request.method === 'GET' || request.method === 'HEAD' || !response.ok) return response
  const headers = new Headers(response.headers)
  headers.set('audit', 'on-record')
  return new Response(response.body, { status: response.status, headers })
}

async function summarise({ request, principal, for: as }: RouteContext): Promise<Response> {
  // Routes need a principal unless they say otherwise, so there is one.
  if (!principal) throw new BackSaasError('INTERNAL', 500, 'a route without its principal')
  const entity = new URL(request.url).searchParams.get('entity')
  const counts: Record<string, number> = {}
  for (const action of ['created', 'updated', 'deleted']) {
    const query = as(principal)
      .schema('audit')
      .from('entries')
      .select('id', { count: 'exact', head: true })
      .eq('action', action)
    const { count, error } = await (entity === null ? query : query.eq('entity', entity))
    if (error) throw new BackSaasError(error.code, 500, error.message)
    counts[action] = count ?? 0
  }
  return Response.json(counts, { headers: { 'cache-control': 'private, no-store' } })
}
