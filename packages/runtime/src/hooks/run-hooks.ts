/** The hooks of a write, in the order of the schema: they may change the rows or refuse them, each fault at its field. */
import {
  BackSaasError,
  type BeforeMoment,
  type CompiledEntity,
  type CompiledHooks,
  type FieldProblem,
  type FunctionRow,
  type Json,
  type Operation,
  type OutgoingEvent,
} from '@backsaas/core'
import type { JsEnvironment } from '@backsaas/core/expression'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { DataRequest } from '../stages/data-request.ts'
import type { BoundHook } from './bind-hooks.ts'
import { functionsOf } from './function-host.ts'
import { type HookedRows, hookRows } from './hooked-rows.ts'
import { readOldRows } from './old-rows.ts'
import { firstTurn, runHook } from './run-hook.ts'
import { sameValue } from './same-value.ts'

const MAX_PROBLEMS = 100
/** Of writes with hooks, by functions that work for each other. */
const DEPTH_MAX = 5
const MOMENTS: Readonly<Record<Operation['action'], BeforeMoment | null>> = {
  read: null,
  create: 'before_create',
  update: 'before_update',
  delete: 'before_delete',
}

/**
 * The operation as the hooks leave it; the same where the entity has none.
 *
 * @throws `FUNCTION_REFUSED` (422), `errors` with a pointer to each field; `UPSERT_HOOKS` (400); `FUNCTION_NOT_GIVEN`,
 *   `FUNCTION_TIMEOUT` (503); `FUNCTION_BUDGET` (422); `FUNCTION_FAILED` (500).
 */
export function runHooks(operation: Operation, request: DataRequest): Operation | Promise<Operation> {
  const entity = request.schema.compiled.entities[operation.entity]
  const moment = MOMENTS[operation.action]
  const hooks = moment && entity?.hooks?.[moment]
  if (moment && entity?.hooks && request.depth > DEPTH_MAX) throw tooDeep(entity.name, request.depth)
  if (operation.upsert?.resolution === 'merge' && entity?.hooks) refuseUndecidable(entity.name, entity.hooks)
  if (!entity || !moment || !hooks || changesNothing(operation)) return operation
  return runAll(operation, request, { entity, moment, bound: request.plugins.bindHooks(hooks) })
}

function tooDeep(entity: string, depth: number): Error {
  return runtimeError(
    'FUNCTION_DEPTH',
    `a write to ${entity} stands behind ${depth} functions that led to each other`,
    {
      hint: 'Give a hook a `when:` that ends the circle.',
    },
  )
}

function changesNothing({ action, input }: Operation): boolean {
  return action !== 'delete' && (input === undefined || (action === 'update' && input.columns.length === 0))
}

/**
 * Which rows of an upsert are new is known only when they are written, so both moments must ask the same.
 *
 * @throws `UPSERT_HOOKS` (400).
 */
function refuseUndecidable(
  entity: string,
  { before_create: create = [], before_update: update = [] }: CompiledHooks,
): void {
  if (!update.some(({ old }) => old) && JSON.stringify(create) === JSON.stringify(update)) return
  throw runtimeError('UPSERT_HOOKS', `${entity} has other hooks before an update than before a create`, {
    hint: 'Create or update its rows; or give both moments the same hooks, none of which sees the row as it was.',
  })
}

interface Run {
  readonly entity: CompiledEntity
  readonly moment: BeforeMoment
  readonly bound: readonly BoundHook[]
}

async function runAll(operation: Operation, request: DataRequest, run: Run): Promise<Operation> {
  const { entity, moment, bound } = run
  const seen = bound.some(({ hook }) => hook.old) ? await readOldRows(operation, request) : null
  const input = operation.input ?? { columns: [], rows: [], missing: 'null' as const }
  const rows = hookRows(entity, input, seen?.rows ?? null)
  const problems: FieldProblem[] = []
  const isSingle = rows.rows.length === 1 || seen !== null
  const applies = conditionOf(rows, request, operation)
  const outgoing: OutgoingEvent[] = []
  const { host, means, room } = functionsOf(request)
  const own = await means.settingsFor(
    host,
    bound.map(({ definition }) => definition),
  )
  const turn = firstTurn()
  for (const one of bound) {
    // What reaches outside is not asked for rows that are refused already.
    if (one.definition.needs !== 'pure') refuse(entity, problems)
    const context = means.createCallContext(host, {
      ...{
        definition: one.definition,
        field: one.hook.on ?? null,
        moment,
        entity,
        action: operation.action,
        own,
        outgoing,
      },
    })
    const report = (place: number, { pointer, ...problem }: FieldProblem): void => {
      if (problems.length < MAX_PROBLEMS)
        problems.push({ pointer: isSingle ? pointer : `/${place}${pointer}`, ...problem })
    }
    const about = { name: one.definition.name, entity: entity.name, moment, rows: rows.rows.length }
    const startedMs = request.plugins.sampleShare > 0 ? performance.now() : 0
    try {
      const waiting = runHook({ bound: one, rows, context, applies, report, room, turn })
      if (waiting) await waiting
    } catch (error) {
      means.sampleCall(host, { ...about, startedMs, error })
      throw error
    }
    means.sampleCall(host, { ...about, startedMs })
  }
  refuse(entity, problems)
  const hooked = operation.action === 'delete' ? {} : { input: rows.toInput() }
  return {
    ...operation,
    ...hooked,
    ...(seen && { seen: seen.marks }),
    ...(outgoing.length > 0 && { told: means.tellEvents(host, outgoing) }),
  }
}

/** @throws `FUNCTION_REFUSED` (422) where there is a problem. */
function refuse(entity: CompiledEntity, problems: readonly FieldProblem[]): void {
  const [first] = problems
  if (!first) return
  const place = first.pointer.replace(/^\/\d+(?=\/)/, '').replaceAll('/', '.')
  const unique = [...new Map(problems.map((problem) => [`${problem.pointer} ${problem.code}`, problem])).values()]
  throw new BackSaasError('FUNCTION_REFUSED', 422, `${entity.name}${place} ${first.detail}`, {
    details: unique.length > 1 ? `and ${unique.length - 1} more: see errors` : null,
    errors: unique,
  })
}

/** Whether a hook runs for a row: what its `when` says of it. */
function conditionOf(
  rows: HookedRows,
  request: DataRequest,
  { action }: Operation,
): (bound: BoundHook, place: number) => boolean {
  let variables: JsEnvironment['variables']
  return ({ applies }, place) => {
    if (!applies) return true
    variables ??= variablesOf(request)
    const row = rows.whole(place)
    const environment: JsEnvironment = {
      row,
      input: action === 'delete' ? null : (rows.given[place] ?? null),
      changed: (field) => isChanged(rows, place, field, action),
      variables,
      now: BigInt(request.scope.now()) * 1000n,
    }
    return applies(environment) === true
  }
}

function variablesOf({ principal, tenantId }: DataRequest): Readonly<Record<string, Json>> {
  return {
    'current_user.id': principal.id,
    'current_user.kind': principal.kind,
    'current_user.roles': principal.roles,
    'current_user.email': principal.email ?? null,
    'tenant.id': tenantId,
    'tenant.slug': principal.tenant,
  }
}

function isChanged(rows: HookedRows, place: number, field: string, action: Operation['action']): boolean {
  if (action === 'delete') return false
  const value = rows.value(place, field)
  const before: FunctionRow | undefined = rows.old?.[place]
  const known = rows.entity.fields[field]
  if (value === undefined || !known) return false
  return before ? !sameValue(known, before[field] ?? null, value) : value !== null
}
