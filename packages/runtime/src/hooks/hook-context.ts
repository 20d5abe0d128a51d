/** What the functions of one request are given: made once per function, the row of each call put in. */
import {
  type CompiledEntity,
  type CompiledSchema,
  createFunctionData,
  type FunctionContext,
  type FunctionData,
  type FunctionDefinition,
  type FunctionRow,
  type Moment,
  type Operation,
} from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { CallingRequest } from './calling-request.ts'

/** How long all calls of one function may take for one request. */
export const CALL_MS = 5_000

/** A context whose row changes from call to call, while no call is under way. */
export type CallContext = { -readonly [K in 'row' | 'old']: FunctionContext[K] } & Omit<FunctionContext, 'row' | 'old'>

interface Use {
  readonly definition: FunctionDefinition
  readonly field: string | null
  /** Absent for a call over rpc. */
  readonly moment?: Moment
  /** Null for a call. */
  readonly entity: CompiledEntity | null
  readonly action: Operation['action'] | 'call'
}

const NO_ROW: FunctionRow = Object.freeze({})

export function createContext(request: CallingRequest, use: Use): CallContext {
  const { definition, field, moment, entity, action } = use
  const { tenantId, principal, requestId, observe } = request
  const schema = request.schema.compiled
  let data: FunctionData | null = null
  let signal: AbortSignal | null = null
  return {
    tenant: { id: tenantId, slug: principal.tenant },
    user: principal,
    requestId,
    operation: { schema: schema.name, entity: entity?.name ?? '', action, ...(moment && { moment }) },
    field,
    row: NO_ROW,
    old: null,
    now: request.scope.now(),
    settings: settingsOf(schema, definition.name),
    get signal() {
      signal ??= AbortSignal.timeout(CALL_MS)
      return signal
    },
    log: (message, details) =>
      observe?.({ kind: 'function', requestId, name: definition.name, message, ...(details && { details }) }),
    get data() {
      if (definition.needs === 'pure') throw needs(definition, 'data', 'reads')
      data ??= createFunctionData({
        ask: (asked) => request.plugins.ask(principal, asked, request.depth + 1),
        profile: request.profile,
        requestId,
        relations: entity?.relations ?? {},
        writes: definition.needs !== 'reads',
      })
      return data
    },
    id: requestId,
    get http(): FunctionContext['http'] {
      throw afterOnly(definition, 'http')
    },
    secret() {
      throw afterOnly(definition, 'secret')
    },
  }
}

/** The same for another row, for calls that are under way together. */
export function withRow(context: CallContext, row: FunctionRow, old: FunctionRow | null): FunctionContext {
  return Object.create(context, {
    row: { value: row, enumerable: true },
    old: { value: old, enumerable: true },
  }) as FunctionContext // the same members, two of them its own
}

function settingsOf({ functions }: CompiledSchema, name: string): FunctionContext['settings'] {
  return functions && Object.hasOwn(functions, name) ? (functions[name]?.settings ?? {}) : {}
}

function afterOnly({ name }: FunctionDefinition, part: string): Error {
  return runtimeError('FUNCTION_NEEDS', `the function ${name} uses context.${part} before a write, or in a call`, {
    hint: 'Only functions that run after a write have it.',
  })
}

function needs({ name }: FunctionDefinition, part: string, wanted: string): Error {
  return runtimeError('FUNCTION_NEEDS', `the function ${name} uses context.${part} and says that it is pure`, {
    hint: `Define it with needs: '${wanted}'.`,
  })
}
