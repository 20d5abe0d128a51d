/** A test case of a pure function: what it is given, and what is expected of it. */

import type { FunctionDefinition } from '../contracts/function.ts'
import type { FunctionContext, FunctionRow } from '../contracts/function-context.ts'
import type { Json, JsonObject } from '../contracts/json.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

/** One of `expect`, `refuses` and `passes` says what comes of it. */
export interface FunctionCase {
  readonly use: string
  readonly name?: string
  readonly with?: JsonObject
  /** The value, of a hook the row. */
  readonly input?: Json
  readonly row?: JsonObject
  readonly old?: JsonObject
  /** The answer. */
  readonly expect?: Json
  /** The code of the refusal. */
  readonly refuses?: string
  /** Of a validation: nothing is wrong. */
  readonly passes?: true
}

export interface CaseResult {
  readonly name: string
  readonly use: string
  readonly passed: boolean
  /** What was expected and what came; null where it passed. */
  readonly reason: string | null
}

const KEYS: ReadonlySet<string> = new Set('use name with input row old expect refuses passes'.split(' '))

/** @returns what is wrong with its form; null where it is a case. */
export function caseFault(given: unknown): string | null {
  if (!isObject(given)) return 'a case is an object such as `{ use: transform.trim, input: " a", expect: a }`'
  const unknown = Object.keys(given).find((key) => !KEYS.has(key))
  if (unknown !== undefined) return `a case has no \`${unknown.slice(0, 100)}\`: it knows ${[...KEYS].join(', ')}`
  if (typeof given.use !== 'string') return '`use` names the function'
  if (given.name !== undefined && typeof given.name !== 'string') return '`name` is a text'
  for (const key of ['with', 'row', 'old'] as const)
    if (given[key] !== undefined && !isObject(given[key])) return `\`${key}\` is an object`
  const told = ['expect', 'refuses', 'passes'].filter((key) => given[key] !== undefined)
  if (told.length !== 1) return 'one of `expect`, `refuses` and `passes` says what comes of it'
  if (given.refuses !== undefined && typeof given.refuses !== 'string') return '`refuses` is the code of the refusal'
  return given.passes === undefined || given.passes === true ? null : '`passes` is true'
}

/** @example await runCase(trim, { use: 'transform.trim', input: ' a', expect: 'a' }) // { passed: true, … } */
export async function runCase(definition: FunctionDefinition, given: FunctionCase): Promise<CaseResult> {
  const { use, expect, refuses } = given
  const name = given.name ?? `${use} of ${JSON.stringify(given.input ?? null)}`
  const done = (reason: string | null): CaseResult => ({ name, use, passed: reason === null, reason })
  if (definition.needs !== 'pure')
    return done(`it needs ${definition.needs}, and a case has no database: test what it does to rows`)
  const checked = await definition.params['~standard'].validate(given.with ?? {})
  if (checked.issues) return done(`\`with\`: ${checked.issues[0]?.message ?? 'is wrong'}`)
  const outcome = await outcomeOf(definition, given, checked.value)
  if (refuses !== undefined)
    return done(outcome.refused === refuses ? null : `expected a refusal ${refuses}, got ${told(outcome)}`)
  if (outcome.refused !== undefined || outcome.broke !== undefined)
    return done(`expected ${expect === undefined ? 'nothing to be wrong' : written(expect)}, got ${told(outcome)}`)
  if (given.passes) return done(outcome.answer === null ? null : `expected nothing to be wrong, got ${told(outcome)}`)
  return done(
    written(outcome.answer) === written(expect ?? null)
      ? null
      : `expected ${written(expect ?? null)}, got ${told(outcome)}`,
  )
}

interface Outcome {
  readonly answer: Json
  readonly refused?: string
  readonly broke?: string
}

async function outcomeOf(definition: FunctionDefinition, given: FunctionCase, params: unknown): Promise<Outcome> {
  const context = caseContext(given)
  const input = given.input ?? null
  try {
    if (definition.kind === 'validate') {
      const problem = await definition.run(context, input, params)
      return { answer: null, ...(problem && { refused: problem.code }) }
    }
    const row = definition.kind === 'hook' ? ((given.input ?? given.row ?? {}) as FunctionRow) : null // of a hook it is the row
    const answer =
      definition.kind === 'hook'
        ? await definition.run(context, row ?? {}, params)
        : await definition.run(context, input, params)
    return { answer: answer ?? null }
  } catch (error) {
    if (!(error instanceof BackSaasError))
      return { answer: null, broke: error instanceof Error ? error.message : String(error) }
    return error.code === 'FUNCTION_REFUSED'
      ? { answer: null, refused: error.errors[0]?.code ?? error.code }
      : { answer: null, broke: `${error.code}: ${error.message}` }
  }
}

/** Of a caller who is nobody in particular. */
function caseContext({ row = {}, old }: FunctionCase): FunctionContext {
  const none = (): never => {
    throw new BackSaasError('FUNCTION_NEEDS', 500, 'a case has no database, and no way out')
  }
  return {
    tenant: { id: '00000000-0000-7000-8000-000000000000', slug: 'test' },
    user: { tenant: 'test', id: 'test', kind: 'user', roles: [] },
    requestId: 'test',
    operation: { schema: 'test', entity: 'test', action: old ? 'update' : 'create' },
    field: null,
    row,
    old: old ?? null,
    now: Date.now(),
    settings: {},
    signal: AbortSignal.timeout(5_000),
    log: () => undefined,
    id: 'test',
    next: none,
    mail: none,
    secret: none,
    get data() {
      return none()
    },
    get system() {
      return none()
    },
    get registry() {
      return none()
    },
    get events() {
      return none()
    },
    get http() {
      return none()
    },
  }
}

function told({ answer, refused, broke }: Outcome): string {
  if (broke !== undefined) return `an error: ${broke}`
  return refused === undefined ? written(answer) : `a refusal ${refused}`
}

/** With the members of objects in order. */
function written(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
