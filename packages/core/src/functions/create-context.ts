/** The context of a function, whoever calls it: what waits is made when it is asked for, and refused to who does not say that it needs it. */
import type { CompiledRelation } from '../contracts/compiled.ts'
import type { FunctionDefinition, FunctionNeeds } from '../contracts/function.ts'
import type { FunctionContext, FunctionData } from '../contracts/function-context.ts'
import type { HttpClient } from '../contracts/http-client.ts'
import type { Letter } from '../contracts/mailer.ts'
import type { Observe } from '../contracts/observation.ts'
import type { OutgoingEvent } from '../contracts/outgoing-event.ts'
import { collectEvents } from './collect-events.ts'
import { createFunctionData } from './function-data.ts'
import { limitedHttp } from './limited-http.ts'

type Known = 'tenant' | 'user' | 'requestId' | 'id' | 'operation' | 'field' | 'row' | 'old' | 'now' | 'settings'

/** What the caller of a function says and lends. */
export interface ContextSource extends Pick<FunctionContext, Known> {
  /** Of the time for it; asked for once. */
  readonly signal: () => AbortSignal
  readonly observe: Observe | null
  /** Answers a request as the user, without their rules where it is `unruled`. */
  readonly ask: (request: Request, unruled: boolean) => Promise<Response>
  readonly profile: string
  /** Those of the entity whose row it is about. */
  readonly relations: Readonly<Record<string, CompiledRelation>>
  /** Takes the events that are published. */
  readonly outgoing: OutgoingEvent[]
  readonly next: (counter: string, count: number) => Promise<number>
  readonly http: () => HttpClient
  readonly mail: (letter: Letter, signal: AbortSignal) => Promise<{ readonly id: string }>
  readonly secret: (name: string) => Promise<string>
  /** The error for a part that the function does not say it needs. */
  readonly needs: (part: string, wanted: FunctionNeeds) => Error
}

/** A context whose row changes from call to call, while no call is under way. */
export type CallContext = { -readonly [K in 'row' | 'old']: FunctionContext[K] } & Omit<FunctionContext, 'row' | 'old'>

type Part = 'data' | 'system' | 'registry'

export function createContext(definition: FunctionDefinition, source: ContextSource): CallContext {
  const { tenant, user, requestId, id, operation, field, row, old, now, settings, observe, needs } = source
  let signal: AbortSignal | null = null
  const kept: Partial<Record<Part, FunctionData>> = {}
  const must = (part: string, wanted: 'writes' | 'network'): void => {
    const isSaid = definition.needs === 'network' || definition.needs === wanted
    if (!isSaid) throw needs(part, wanted)
  }
  const dataOf = (part: Part): FunctionData => {
    if (definition.needs === 'pure') throw needs(part, 'reads')
    kept[part] ??= createFunctionData({
      ask: (request) => source.ask(request, part !== 'data'),
      profile: part === 'registry' ? 'platform' : source.profile,
      requestId,
      relations: part === 'registry' ? {} : source.relations,
      writes: definition.needs !== 'reads',
    })
    return kept[part]
  }
  return {
    ...{ tenant, user, requestId, id, operation, field, row, old, now, settings },
    get signal() {
      signal ??= source.signal()
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
      must('events', 'writes')
      return collectEvents(source.outgoing)
    },
    async next(counter, count = 1) {
      must('next', 'writes')
      return source.next(counter, count)
    },
    get http() {
      must('http', 'network')
      return limitedHttp(source.http(), definition, settings)
    },
    async mail(letter) {
      must('mail', 'network')
      return source.mail(letter, this.signal)
    },
    async secret(name) {
      must('secret', 'network')
      return source.secret(name)
    },
  }
}
