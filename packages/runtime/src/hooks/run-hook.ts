/** One hook over all rows of a write: those it applies to, one after another, or all at once where it asks outside. */
import type {
  CallContext,
  FieldProblem,
  FunctionContext,
  FunctionDefinition,
  FunctionProblem,
  FunctionRow,
  Json,
  Room,
} from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { BoundHook } from './bind-hooks.ts'
import { failed, refusalOf, withinTime } from './call-function.ts'
import type { HookedRows } from './hooked-rows.ts'

/** Calls of a function that asks outside, for one request. */
const CALLS_MAX = 100
/** Under way together. */
const TOGETHER = 10
/** How long pure functions work on the rows of one write before others have their turn. */
const TURN_MS = 2
/** And for how long in all. */
const PURE_MS = 5_000

/** Of all pure hooks of one write together. */
export interface Turn {
  /** By `performance.now()`. */
  endsMs: number
  leftMs: number
}

export function firstTurn(): Turn {
  return { endsMs: performance.now() + TURN_MS, leftMs: PURE_MS }
}

export interface HookRun {
  readonly bound: BoundHook
  readonly rows: HookedRows
  readonly context: CallContext
  readonly applies: (bound: BoundHook, place: number) => boolean
  /** Adds a problem of the row at a place. */
  readonly report: (place: number, problem: FieldProblem) => void
  readonly room: Room
  readonly turn: Turn
}

type FieldDefinition = Exclude<FunctionDefinition, { kind: 'hook' }>

/** A call of a function on a field: at which place, with what. */
interface Call {
  readonly place: number
  readonly value: Json
}

/** Null where it is done; a promise where it waits for something. */
export function runHook(run: HookRun): Promise<void> | null {
  const { definition } = run.bound
  if (definition.needs === 'pure') return runPure(run)
  return definition.kind === 'hook' ? runRows(run, definition) : runOutside(run, definition)
}

/** Row by row, without a promise where the function answers at once. */
function runPure(run: HookRun): Promise<void> | null {
  const { rows, turn } = run
  for (let place = 0; place < rows.rows.length; place++) {
    const waiting = callPure(run, place)
    if (waiting) return waiting.then(() => runRest(run, place + 1))
    if ((place & 15) === 15 && performance.now() > turn.endsMs) return runRest(run, place + 1)
  }
  return null
}

/** Lets others have their turn, and has an end. */
async function runRest(run: HookRun, from: number): Promise<void> {
  const { turn } = run
  const startedMs = performance.now()
  for (let place = from; place < run.rows.rows.length; place++) {
    const now = performance.now()
    if (now - startedMs > turn.leftMs) throw tooLong(run.bound.definition.name, place, run.rows.rows.length)
    if (now > turn.endsMs) await nextTurn(turn)
    const waiting = callPure(run, place)
    if (waiting) await waiting
  }
  turn.leftMs -= performance.now() - startedMs
}

async function nextTurn(turn: Turn): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  turn.endsMs = performance.now() + TURN_MS
}

function tooLong(name: string, done: number, of: number): Error {
  return runtimeError('FUNCTION_BUDGET', `the function ${name} had done ${done} of ${of} rows when its time was over`, {
    hint: 'Write fewer rows at once.',
  })
}

function callPure(run: HookRun, place: number): Promise<void> | null {
  const { bound, rows, context } = run
  const { definition, hook } = bound
  if (!run.applies(bound, place)) return null
  if (definition.kind === 'hook') {
    context.row = rows.whole(place)
    context.old = rows.old?.[place] ?? null
    return settle(run, place, () => definition.run(context, context.row, hook.params))
  }
  const value = inputOf(run, definition, place)
  if (value === undefined) return null
  context.row = rows.whole(place)
  context.old = rows.old?.[place] ?? null
  return settle(run, place, () => definition.run(context, value, hook.params))
}

/** What a function on a field is called with; undefined where there is nothing for it. */
function inputOf({ bound, rows }: HookRun, { kind, fields }: FieldDefinition, place: number): Json | undefined {
  const value = rows.value(place, bound.hook.on ?? '')
  if (value === undefined || value === null) return kind === 'compute' ? null : undefined
  // What has another JSON type than its field is for the validation to tell.
  return fields !== undefined && typeof value === 'object' && !fields.includes('json') ? undefined : value
}

function settle(run: HookRun, place: number, call: () => unknown): Promise<void> | null {
  const { name } = run.bound.definition
  try {
    const answer = call()
    if (!(answer instanceof Promise)) return take(run, place, answer)
    return answer.then(
      (value) => void take(run, place, value),
      (error: unknown) => takeError(run, place, name, error),
    )
  } catch (error) {
    takeError(run, place, name, error)
    return null
  }
}

function takeError({ report }: HookRun, place: number, name: string, error: unknown): void {
  const problems = refusalOf(error)
  if (!problems) throw failed(name, error)
  for (const problem of problems) report(place, problem)
}

/** What a function has answered, by its kind. */
function take({ bound, rows, report }: HookRun, place: number, answer: unknown): null {
  const { definition, hook } = bound
  if (answer === undefined || answer === null) {
    if (answer === null && definition.kind !== 'validate' && hook.on !== undefined) rows.set(place, hook.on, null)
    return null
  }
  if (definition.kind === 'validate') {
    const { code, detail } = answer as FunctionProblem // the type of a validating function's answer
    report(place, { pointer: `/${hook.on}`, code, detail })
  } else if (definition.kind !== 'hook') rows.set(place, hook.on ?? '', answer as Json)
  else setFields(rows, place, definition.name, answer as FunctionRow)
  return null
}

/** @throws `FUNCTION_FAILED` (500) for a field that nobody writes. */
function setFields(rows: HookedRows, place: number, name: string, answer: FunctionRow): void {
  for (const [field, value] of Object.entries(answer)) {
    const known = Object.hasOwn(rows.entity.fields, field) ? rows.entity.fields[field] : undefined
    if (!known?.writable || known.computed)
      throw runtimeError('FUNCTION_FAILED', `the function ${name} sets ${field}, which nobody writes`)
    rows.set(place, field, value)
  }
}

async function runRows(run: HookRun, definition: Extract<FunctionDefinition, { kind: 'hook' }>): Promise<void> {
  const { bound, rows, context } = run
  const places = rows.rows.flatMap((_, place) => (run.applies(bound, place) ? [place] : []))
  await together(run, places, (place) => {
    const own = withRow(context, rows.whole(place), rows.old?.[place] ?? null)
    return call(run, own, () => definition.run(own, own.row, bound.hook.params))
  })
}

async function runOutside(run: HookRun, definition: FieldDefinition): Promise<void> {
  const { bound, rows, context } = run
  const calls = rows.rows.flatMap((_, place): Call[] => {
    const value = run.applies(bound, place) ? inputOf(run, definition, place) : undefined
    return value === undefined ? [] : [{ place, value }]
  })
  const runAll = definition.kind === 'transform' ? undefined : definition.runAll
  if (runAll && calls.length > 1) {
    const values = calls.map(({ value }) => value)
    const about = calls.map(({ place }) => ({ row: rows.whole(place), old: rows.old?.[place] ?? null }))
    const answers = await call(run, context, () => runAll(context, values, bound.hook.params, about)).catch(
      (error: unknown) => {
        throw failed(definition.name, error)
      },
    )
    calls.forEach(({ place }, at) => {
      take(run, place, (answers as readonly unknown[])[at])
    })
    return
  }
  const valueAt = new Map(calls.map(({ place, value }) => [place, value]))
  await together(run, [...valueAt.keys()], (place) => {
    const own = withRow(context, rows.whole(place), rows.old?.[place] ?? null)
    return call(run, own, () => definition.run(own, valueAt.get(place) ?? null, bound.hook.params))
  })
}

async function call({ bound, room }: HookRun, context: FunctionContext, ask: () => unknown): Promise<unknown> {
  return room.run(context.tenant.id, () => withinTime(bound.definition.name, context, Promise.resolve().then(ask)))
}

/** The same for another row, for calls that are under way together. */
function withRow(context: CallContext, row: FunctionRow, old: FunctionRow | null): FunctionContext {
  return Object.create(context, {
    row: { value: row, enumerable: true },
    old: { value: old, enumerable: true },
  }) as FunctionContext // the same members, two of them its own
}

/** @throws `FUNCTION_BUDGET` (422). */
async function together(
  run: HookRun,
  places: readonly number[],
  ask: (place: number) => Promise<unknown>,
): Promise<void> {
  const { name } = run.bound.definition
  if (places.length > CALLS_MAX)
    throw runtimeError('FUNCTION_BUDGET', `the function ${name} would be called for ${places.length} rows`, {
      hint: `It asks outside for each: write at most ${CALLS_MAX} rows at once.`,
    })
  for (let at = 0; at < places.length; at += TOGETHER)
    await Promise.all(
      places.slice(at, at + TOGETHER).map(async (place) => {
        try {
          take(run, place, await ask(place))
        } catch (error) {
          takeError(run, place, name, error)
        }
      }),
    )
}
