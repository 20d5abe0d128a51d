/** What functions write into the platform's tables beside the row: events, numbers, samples. One statement each, for runtime and worker. */
import type { Statement } from '../contracts/database.ts'
import type { TableText } from '../contracts/function-host.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import type { Principal } from '../contracts/principal.ts'

/** For what a function works. */
export interface FunctionOrigin {
  readonly tenantId: string
  readonly schema: string
  readonly profile: string
  readonly placementId: string
  readonly version: number
  readonly caller: Principal | null
  readonly requestId: string
  readonly depth: number
}

export interface EventTables {
  readonly events: TableText
  readonly executions: TableText | null
}

/** An event with an id of its own: what is told again by the same one is told once. */
export type NamedEvent = OutgoingEvent & { readonly id: string }

/** Those that leave now go into the outbox, those that leave later are work for the worker of functions. */
export function planEvents(
  { events: outbox, executions }: EventTables,
  events: readonly NamedEvent[],
  origin: FunctionOrigin,
  source: string = `/schemas/${origin.schema}`,
): readonly Statement[] {
  const later = events.filter(({ atMs }) => atMs !== null && executions !== null)
  const now = events.filter((event) => !later.includes(event))
  const told = {
    id: 'o.id',
    type: 'o.type',
    source: '$3',
    subject: 'o.subject',
    time: 'clock_timestamp()',
    data: 'o.data',
  }
  return [
    ...(now.length > 0 ? [insertEach(outbox, told, [origin.tenantId, JSON.stringify(now), source])] : []),
    ...(later.length > 0 && executions ? [planScheduled(executions, later, origin, source)] : []),
  ]
}

function planScheduled(
  executions: TableText,
  events: readonly NamedEvent[],
  { tenantId, schema, profile, placementId, version, caller, requestId, depth }: FunctionOrigin,
  source: string,
): Statement {
  const columns = {
    ...{
      id: 'o.id',
      created_at: 'now()',
      function: "'events.schedule'",
      moment: "'scheduled'",
      entity: "'events'",
      hook: '0',
    },
    row: "jsonb_build_object('type', o.type, 'subject', o.subject, 'data', o.data, 'source', $3::text)",
    ...{ status: "'queued'", attempt: '0', due_at: 'to_timestamp(o."atMs" / 1000)', schema: '$4', profile: '$5' },
    ...{ placement_id: '$6::uuid', version: '$7::int', caller: '$8::jsonb', request_id: '$9', depth: '$10::bigint' },
  }
  const params = [tenantId, JSON.stringify(events), source, schema, profile, placementId, String(version)]
  return insertEach(executions, columns, [...params, JSON.stringify(caller), requestId, String(depth)])
}

/** A row for each of the events, which are the second parameter; the first is the tenant. */
function insertEach(
  { table, tenant, column }: TableText,
  columns: Readonly<Record<string, string>>,
  params: readonly string[],
): Statement {
  const names = [tenant, ...Object.keys(columns).map(column)].join(', ')
  const values = ['$1::uuid', ...Object.values(columns)].join(', ')
  const events = 'jsonb_to_recordset($2::jsonb) as o(id uuid, type text, subject text, data jsonb, "atMs" float8)'
  return { text: `insert into ${table} (${names}) select ${values} from ${events} on conflict do nothing`, params }
}

/** Takes `count` numbers of a counter; answers the last of them. */
export function planNext(
  { table, tenant, column }: TableText,
  tenantId: string,
  counter: string,
  count: number,
): Statement {
  const [id, name, value] = ['id', 'name', 'value'].map(column)
  const text = `insert into ${table} as t (${tenant}, ${id}, ${name}, ${value}) values ($1::uuid, gen_random_uuid(), $2, $3::bigint)
    on conflict (${tenant}, ${name}) do update set ${value} = t.${value} + excluded.${value} returning t.${value}::text`
  return { text, params: [tenantId, counter, String(count)] }
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ placement_id: 'uuid', version: 'int', depth: 'bigint', duration_ms: 'bigint' },
  ...{ caller: 'jsonb', result: 'jsonb', error: 'jsonb' },
}

/** A row of `function_executions` that is over; `values` by field, as text. What it was about is not kept. */
export function planSample(
  { table, tenant, column }: TableText,
  tenantId: string,
  values: Readonly<Record<string, string | null>>,
): Statement {
  const constant = {
    id: 'gen_random_uuid()',
    created_at: 'now()',
    finished_at: 'now()',
    hook: '0',
    attempt: '1',
    row: "'{}'",
  }
  const fields = Object.keys(values)
  const names = [tenant, ...[...Object.keys(constant), ...fields].map(column)].join(', ')
  const places = fields.map((field, at) => `$${at + 2}::${TYPES[field] ?? 'text'}`)
  return {
    text: `insert into ${table} (${names}) values (${['$1::uuid', ...Object.values(constant), ...places].join(', ')})`,
    params: [tenantId, ...Object.values(values)],
  }
}
