/** What functions take from the tenant's registry, and leave there: numbers, secrets, events, a sample of what they did. */
import type { Statement } from '../contracts/database.ts'
import type { FunctionDefinition } from '../contracts/function.ts'
import type { FunctionHost } from '../contracts/function-host.ts'
import type { JsonObject } from '../contracts/json.ts'
import type { Moment } from '../contracts/moment.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import type { Outside } from '../contracts/outside.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { isConfigurable, settingsQuery } from './effective-settings.ts'
import { type FunctionOrigin, planEvents, planNext, planSample } from './plan-means.ts'

const SECRET = /^[a-z][a-z0-9_]{0,99}$/
const NUMBERS_MAX = 10_000

/** @throws `FUNCTION_FAILED` (500) for a counter, or so many numbers, as there are none. */
export function checkNumbers(counter: string, count: number): void {
  if (counter !== '' && counter.length <= 200 && Number.isInteger(count) && count >= 1 && count <= NUMBERS_MAX) return
  throw new BackSaasError('FUNCTION_FAILED', 500, `there are no ${count} numbers of ${counter.slice(0, 200)} to take`)
}

/** In a transaction of its own, so that nobody waits for the write. */
export async function takeNumbers(host: FunctionHost, counter: string, count: number): Promise<number> {
  checkNumbers(counter, count)
  const counters = host.table('function_counters')
  if (!counters) throw new BackSaasError('FUNCTION_FAILED', 500, 'the registry itself has no counters')
  const results = await host.run([planNext(counters, host.tenantId, counter, count)])
  return Number(results.at(-1)?.rows[0]?.[0]) - count + 1
}

/** @throws `SECRET_MISSING` (422); `SECRET_KEY_MISSING` (503). */
export async function openTenantSecret(
  host: FunctionHost,
  open: NonNullable<Outside['openSecret']>,
  name: string,
): Promise<string> {
  const [row] = SECRET.test(name)
    ? await host.registryRows('function_secrets', `name=eq.${name}&select=sealed,key_id&limit=1`)
    : []
  if (row) return open({ sealed: String(row.sealed), keyId: String(row.key_id) }, `${host.tenantId}/${name}`)
  throw new BackSaasError('SECRET_MISSING', 422, `the secret ${name.slice(0, 100)} is not set`, {
    hint: `backsaas secret set <tenant> ${name.slice(0, 100)}`,
  })
}

/** What tells events of functions, in a transaction that has entered. */
export function tellEvents(host: FunctionHost, events: readonly OutgoingEvent[]): readonly Statement[] {
  const outbox = host.table('events')
  if (events.length === 0 || !outbox) return []
  const named = events.map((event) => ({ ...event, id: crypto.randomUUID() }))
  return planEvents({ events: outbox, executions: host.table('function_executions') }, named, originOf(host))
}

/** The same, at once. */
export async function sendEvents(host: FunctionHost, events: readonly OutgoingEvent[]): Promise<void> {
  const statements = tellEvents(host, events)
  if (statements.length > 0) await host.run(statements)
}

/** What the tenant says of functions, where it can matter. */
export function settingsFor(
  host: Pick<FunctionHost, 'registryRows'>,
  definitions: readonly FunctionDefinition[],
): readonly JsonObject[] | Promise<readonly JsonObject[]> {
  const names = definitions.flatMap((definition) => (isConfigurable(definition) ? [definition.name] : []))
  return names.length === 0 ? NO_ROWS : host.registryRows('function_settings', settingsQuery(names))
}

const NO_ROWS: readonly JsonObject[] = Object.freeze([])

export interface SampledCall {
  readonly name: string
  /** Empty for a call. */
  readonly entity: string
  readonly moment: Moment | 'call'
  /** Of all rows together, by `performance.now()`. */
  readonly startedMs: number
  readonly rows: number
  /** Undefined where it has done what it should. */
  readonly error?: unknown
}

/** Keeps one of so many calls, behind the answer; one that cannot be kept is told to the operator. */
export function sampleCall(host: FunctionHost, { name, entity, moment, startedMs, rows, error }: SampledCall): void {
  const { sampleShare, principal, requestId, observe } = host
  const executions = Math.random() < sampleShare ? host.table('function_executions') : null
  if (!executions) return
  const code = error === undefined ? null : error instanceof BackSaasError ? error.code : 'FUNCTION_FAILED'
  const statement = planSample(executions, host.tenantId, {
    ...{ function: name, schema: host.schema.name, profile: host.profile, placement_id: host.placementId },
    ...{ version: String(host.version), entity: entity === '' ? '-' : entity, moment, request_id: requestId },
    ...{ status: code === null ? 'done' : 'dead', depth: String(host.depth), result: JSON.stringify({ rows }) },
    duration_ms: String(Math.round(performance.now() - startedMs)),
    caller: JSON.stringify({ kind: principal.kind, id: principal.id }),
    error: code === null ? null : JSON.stringify({ code }),
  })
  const kept = host.run([statement]).then(
    () => undefined,
    (cause: unknown) => observe?.({ kind: 'error', requestId, code: 'SAMPLE_FAILED', error: cause }),
  )
  host.scope.waitUntil(kept)
}

function originOf(host: FunctionHost): FunctionOrigin {
  const { schema, principal, tenantId, profile, placementId, version, requestId, depth } = host
  return { tenantId, schema: schema.name, profile, placementId, version, caller: principal, requestId, depth }
}
