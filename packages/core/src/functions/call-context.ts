/** What the functions of one request are given: made once per function, the row of each call put in. */

import type { Action } from '../contracts/action.ts'
import type { CompiledEntity, CompiledSchema } from '../contracts/compiled.ts'
import type { FunctionDefinition } from '../contracts/function.ts'
import type { FunctionContext, FunctionData, FunctionRow } from '../contracts/function-context.ts'
import type { FunctionHost } from '../contracts/function-host.ts'
import type { JsonObject } from '../contracts/json.ts'
import type { Moment } from '../contracts/moment.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import type { Outside } from '../contracts/outside.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { collectEvents } from './collect-events.ts'
import { effectiveSettings } from './effective-settings.ts'
import { createFunctionData } from './function-data.ts'
import { limitedHttp } from './limited-http.ts'
import { openTenantSecret, takeNumbers } from './tenant-means.ts'

/** How long all calls of one function may take for one request. */
export const CALL_MS = 5_000

/** A context whose row changes from call to call, while no call is under way. */
export type CallContext = { -readonly [K in 'row' | 'old']: FunctionContext[K] } & Omit<FunctionContext, 'row' | 'old'>

export interface FunctionUse {
  readonly definition: FunctionDefinition
  readonly field: string | null
  /** Absent for a call over rpc. */
  readonly moment?: Moment
  /** Null for a call. */
  readonly entity: CompiledEntity | null
  readonly action: Action | 'call'
  /** The tenant's own settings of functions. */
  readonly own: readonly JsonObject[]
  /** Takes the events that are published. */
  readonly outgoing: OutgoingEvent[]
}

const NO_ROW: FunctionRow = Object.freeze({})

/** @throws `FUNCTION_OFF`, `FUNCTION_SETTINGS` (422). */
export function createCallContext(host: FunctionHost, use: FunctionUse): CallContext {
  const { definition, field, moment, entity, action, outgoing } = use
  const { tenantId, principal, requestId, observe, schema } = host
  const { settings, timeoutMs } = effectiveSettings(definition, settingsOf(schema, definition.name), use.own)
  let signal: AbortSignal | null = null
  const kept: Partial<Record<'data' | 'system' | 'registry', FunctionData>> = {}
  const dataOf = (part: 'data' | 'system' | 'registry'): FunctionData => {
    if (definition.needs === 'pure') throw needs(definition, part, 'reads')
    kept[part] ??= createFunctionData({
      ask: (asked) => host.ask(principal, asked, host.depth + 1, part !== 'data'),
      profile: part === 'registry' ? 'platform' : host.profile,
      requestId,
      relations: part === 'registry' ? {} : (entity?.relations ?? {}),
      writes: definition.needs !== 'reads',
    })
    return kept[part]
  }
  const mustWrite = (part: string): void => {
    if (definition.needs === 'pure' || definition.needs === 'reads') throw needs(definition, part, 'writes')
  }
  return {
    tenant: { id: tenantId, slug: principal.tenant },
    user: principal,
    requestId,
    operation: { schema: schema.name, entity: entity?.name ?? '', action, ...(moment && { moment }) },
    field,
    row: NO_ROW,
    old: null,
    now: host.scope.now(),
    settings,
    get signal() {
      signal ??= AbortSignal.timeout(Math.min(timeoutMs ?? CALL_MS, CALL_MS))
      return signal
    },
    log: (message, details) =>
      observe?.({ kind: 'function', requestId, name: definition.name, message, ...(details && { details }) }),
    get data() {
      return dataOf('data')
    },
    get system() {
      return dataOf('system')
    },
    get registry() {
      return dataOf('registry')
    },
    get events() {
      mustWrite('events')
      return collectEvents(outgoing)
    },
    async next(counter, count = 1) {
      mustWrite('next')
      return takeNumbers(host, counter, count)
    },
    id: requestId,
    get http() {
      return limitedHttp(lent(host, definition, 'http'), definition, settings)
    },
    async mail(letter) {
      return lent(host, definition, 'mail')(letter, this.signal)
    },
    async secret(name) {
      return openTenantSecret(host, lent(host, definition, 'openSecret'), name)
    },
  }
}

function lent<P extends keyof Outside>(
  host: FunctionHost,
  definition: FunctionDefinition,
  part: P,
): NonNullable<Outside[P]> {
  if (definition.needs !== 'network') throw needs(definition, part, 'network')
  const found = host.outside[part]
  if (found) return found
  throw new BackSaasError(
    'FUNCTION_NEEDS',
    500,
    `the function ${definition.name} uses ${part}, which this server lends to none`,
    { hint: 'Give it to createRuntime: outside: { http, mail, openSecret }.' },
  )
}

function settingsOf({ functions }: CompiledSchema, name: string): FunctionContext['settings'] {
  return functions && Object.hasOwn(functions, name) ? (functions[name]?.settings ?? {}) : {}
}

function needs({ name, needs: said }: FunctionDefinition, part: string, wanted: string): BackSaasError {
  return new BackSaasError(
    'FUNCTION_NEEDS',
    500,
    `the function ${name} uses context.${part} and says that it needs ${said}`,
    {
      hint: `Define it with needs: '${wanted}'.`,
    },
  )
}
