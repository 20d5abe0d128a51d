/** One attempt at one execution: the function called with its context, and how it has ended. */
import {
  BackSaasError,
  createContext,
  type EffectiveSettings,
  effectiveSettings,
  type FunctionContext,
  type HttpClient,
  type Identity,
  isConfigurable,
  type Json,
  type JsonObject,
  type Mailer,
  type Observe,
  type OutgoingEvent,
} from '@backsaas/core'
import type { Execution, Outcome } from './execution-rows.ts'
import type { FoundHook } from './find-hook.ts'

export interface Surroundings {
  readonly ask: (identity: Identity, request: Request, depth: number, unruled?: boolean) => Promise<Response>
  readonly http: HttpClient
  /** Null where no letter can be sent. */
  readonly mail: Mailer | null
  readonly secret: (tenantId: string, name: string) => Promise<string>
  readonly settings: (tenantId: string, name: string) => Promise<readonly JsonObject[]>
  readonly next: (tenantId: string, counter: string, count: number) => Promise<number>
  readonly tell: (execution: Execution, events: readonly OutgoingEvent[], source: string) => Promise<void>
  readonly runScheduled: (execution: Execution) => Promise<void>
  readonly observe: Observe
  readonly timeoutMs: number
  readonly attemptsMax: number
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 3_600_000
const RESULT_MAX = 4_096
/** Statuses that say that another time it may go. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

/** Never fails: what the function does wrong is its outcome. */
export async function runExecution(
  execution: Execution,
  find: () => Promise<FoundHook>,
  surroundings: Surroundings,
): Promise<Outcome> {
  const startedAt = performance.now()
  const ended = (part: Pick<Outcome, 'status' | 'againMs' | 'result' | 'error'>): Outcome => ({
    execution,
    durationMs: performance.now() - startedAt,
    ...part,
  })
  let attemptsMax = surroundings.attemptsMax
  try {
    if (execution.moment === 'scheduled') {
      await surroundings.runScheduled(execution)
      return ended({ status: 'done', againMs: 0, result: null, error: null })
    }
    const found = await find()
    const { definition, hook, schema } = found
    const own = isConfigurable(definition) ? await surroundings.settings(execution.tenantId, definition.name) : []
    const base = schema.functions?.[definition.name]?.settings ?? {}
    const effective = effectiveSettings(definition, base, own)
    attemptsMax = Math.min(effective.attempts ?? attemptsMax, attemptsMax)
    const signal = AbortSignal.timeout(Math.min(effective.timeoutMs ?? surroundings.timeoutMs, surroundings.timeoutMs))
    const outgoing: OutgoingEvent[] = []
    const context = contextOf(execution, found, effective, surroundings, signal, outgoing)
    const work = Promise.resolve().then(() => definition.run(context, execution.row, hook.params))
    const result = await withinTime(work, signal)
    await surroundings.tell(execution, outgoing, `/schemas/${schema.name}`)
    return ended({ status: 'done', againMs: 0, result: bounded(result ?? null), error: null })
  } catch (error) {
    const { observe } = surroundings
    if (!(error instanceof BackSaasError)) observe({ kind: 'error', code: 'FUNCTION_FAILED', error })
    const isOver = isFinal(error) || execution.attempt >= attemptsMax
    return ended({
      status: isOver ? 'dead' : 'queued',
      againMs: isOver ? 0 : pauseMs(execution.attempt),
      result: null,
      error: told(error),
    })
  }
}

/** Exponential, with full jitter: who failed together does not come back together. */
export function pauseMs(attempt: number, random: number = Math.random()): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.1 + 0.9 * random)
}

/** Whether another attempt would end the same. */
function isFinal(error: unknown): boolean {
  return error instanceof BackSaasError && error.status < 500 && !PASSING.has(error.status)
}

function contextOf(
  execution: Execution,
  { definition, hook, schema }: FoundHook,
  { settings }: EffectiveSettings,
  { ask, http, mail, secret, observe, next }: Surroundings,
  signal: AbortSignal,
  outgoing: OutgoingEvent[],
): FunctionContext {
  const { tenantId, caller, requestId, depth, profile, entity, moment } = execution
  return createContext(definition, {
    tenant: { id: tenantId, slug: caller.tenant },
    user: caller,
    requestId,
    id: execution.id,
    operation: { schema: schema.name, entity, action: actionOf(moment), ...(moment !== 'scheduled' && { moment }) },
    field: hook.on ?? null,
    row: execution.row,
    old: execution.old,
    now: Date.now(),
    settings,
    signal: () => signal,
    observe,
    ask: (request, unruled) => ask(caller, request, depth + 1, unruled),
    profile,
    relations: schema.entities[entity]?.relations ?? {},
    outgoing,
    next: (counter, count) => next(tenantId, counter, count),
    http: () => http,
    async mail(letter) {
      if (mail) return mail(letter, signal)
      throw new BackSaasError('MAIL_MISSING', 503, 'this worker sends no letters over SMTP', {
        hint: 'Set BACKSAAS_SMTP_URL, or choose a provider under `functions:`.',
      })
    },
    secret: (name) => secret(tenantId, name),
    needs: (part, wanted) => needs(definition.name, part, wanted),
  })
}

function actionOf(moment: Execution['moment']): 'create' | 'update' | 'delete' {
  return moment === 'after_create' ? 'create' : moment === 'after_update' ? 'update' : 'delete'
}

function needs(name: string, part: string, wanted: string): BackSaasError {
  return new BackSaasError('FUNCTION_NEEDS', 422, `the function ${name} uses context.${part} and does not say so`, {
    hint: `Define it with needs: '${wanted}'.`,
  })
}

async function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new BackSaasError('FUNCTION_TIMEOUT', 503, 'the function took too long'))
    signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([work, late])
}

/** What is kept of an answer is small. */
function bounded(result: Json): Json {
  return JSON.stringify(result).length > RESULT_MAX ? null : result
}

/** What breaks in a function tells the tenant nothing of the inside. */
function told(error: unknown): Json {
  if (!(error instanceof BackSaasError)) return { code: 'FUNCTION_FAILED', message: 'the function broke' }
  const { code, message, hint } = error
  return { code, message, ...(hint !== null && { hint }) }
}
