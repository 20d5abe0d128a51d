/** What the functions of one request are given: made once per function, the row of each call put in. */

import type { Action } from '../contracts/action.ts'
import type { CompiledEntity, CompiledSchema } from '../contracts/compiled.ts'
import type { FunctionDefinition } from '../contracts/function.ts'
import type { FunctionContext, FunctionRow } from '../contracts/function-context.ts'
import type { FunctionHost } from '../contracts/function-host.ts'
import type { JsonObject } from '../contracts/json.ts'
import type { Moment } from '../contracts/moment.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import type { Outside } from '../contracts/outside.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'
import { type CallContext, createContext } from './create-context.ts'
import { effectiveSettings } from './effective-settings.ts'
import { openTenantSecret, takeNumbers } from './tenant-means.ts'

/** How long all calls of one function may take for one request. */
export const CALL_MS = 5_000

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
  return createContext(definition, {
    tenant: { id: tenantId, slug: principal.tenant },
    user: principal,
    requestId,
    id: requestId,
    operation: { schema: schema.name, entity: entity?.name ?? '', action, ...(moment && { moment }) },
    field,
    row: NO_ROW,
    old: null,
    now: host.scope.now(),
    settings,
    signal: () => AbortSignal.timeout(Math.min(timeoutMs ?? CALL_MS, CALL_MS)),
    observe: observe ?? null,
    ask: (asked, unruled) => host.ask(principal, asked, host.depth + 1, unruled),
    profile: host.profile,
    relations: entity?.relations ?? {},
    outgoing,
    next: (counter, count) => takeNumbers(host, counter, count),
    http: () => lent(host, definition, 'http'),
    mail: (letter, signal) => lent(host, definition, 'mail')(letter, signal),
    secret: (name) => openTenantSecret(host, lent(host, definition, 'openSecret'), name),
    needs: (part, wanted) => needs(definition, part, wanted),
  })
}

function lent<P extends keyof Outside>(
  host: FunctionHost,
  definition: FunctionDefinition,
  part: P,
): NonNullable<Outside[P]> {
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
