/** The data API as the transfer commands use it: a request is repeated while the server says "later". */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError, type FieldProblem, parseApiKey } from '@backsaas/core'

export interface RestOptions {
  /** The root of the data API, `https://acme.example.com/rest/v1`. */
  readonly url: string
  readonly apiKey: string
  /** The profile to speak to; without it the tenant's default. */
  readonly profile?: string
  readonly fetch?: (request: Request) => Promise<Response>
  /** Told when a request is about to be sent again. */
  readonly onRetry?: (reason: string) => void
  /** Waits; tests give one that does not. */
  readonly sleep?: (ms: number) => Promise<unknown>
}

export interface RestRequest {
  readonly method: 'GET' | 'POST'
  /** Below the root, with the query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** False where doing it twice would differ from doing it once: it is not sent again when its answer got lost. */
  readonly isRepeatable?: boolean
}

export interface RestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** What the API says of an error. */
export interface RestProblem {
  readonly code: string
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
  readonly errors: readonly FieldProblem[]
}

export interface RestClient {
  /** Tells one tenant's data from another's: two clients with the same place write to the same rows. */
  readonly place: string
  /** @throws `SERVER_UNAVAILABLE` (503) where no answer, or only "later", has come after several tries. */
  send(request: RestRequest): Promise<RestAnswer>
}

/** The code of the answer that stands for one that got lost. */
export const ANSWER_LOST = 'ANSWER_LOST'

const TRIES = 8
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000
/** Too many requests, a gateway's troubles, and a server that is starting, closing or changing its schema. */
const LATER: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** Where a gateway says "later", the server behind it may have done what it was asked. */
const UNCERTAIN: ReadonlySet<number> = new Set([502, 504])
/** Nobody has read the request. */
const NOT_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/** @example const client = createRestClient({ url: 'http://127.0.0.1:8787/t/acme/rest/v1', apiKey }) */
export function createRestClient(options: RestOptions): RestClient {
  const url = restRoot(options.url)
  const send = options.fetch ?? fetch
  const sleep = options.sleep ?? delay
  const standing: Record<string, string> = {
    apikey: options.apiKey,
    ...(options.profile === undefined ? {} : { 'accept-profile': options.profile, 'content-profile': options.profile }),
  }
  let isReached = false
  return {
    place: [url, parseApiKey(options.apiKey)?.tenantId ?? '', options.profile ?? ''].join(' '),
    async send({ method, path, headers = {}, body, isRepeatable = true }) {
      let last = 'it gives no answer'
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const init = { method, headers: { ...standing, ...headers }, ...(body === undefined ? {} : { body }) }
        const answer = await attemptOnce(send, `${url}${path}`, init)
        if ('answer' in answer && !LATER.has(answer.answer.status)) {
          isReached = true
          return answer.answer
        }
        last = 'answer' in answer ? readProblem(answer.answer).message : answer.reason
        if (!isReached && 'isSent' in answer && !answer.isSent) throw unreachable(url, last)
        const isLost = 'answer' in answer ? UNCERTAIN.has(answer.answer.status) : answer.isSent
        if (isLost && !isRepeatable) return lostAnswer(last)
        if (attempt === 0) options.onRetry?.(last)
        const asked = 'answer' in answer ? Number(answer.answer.headers.get('retry-after')) * 1000 : 0
        if (attempt < TRIES - 1) await sleep(waitMs(attempt, asked))
      }
      throw new BackSaasError('SERVER_UNAVAILABLE', 503, `${url} cannot be used: ${last}`, {
        hint: 'what is done so far is kept: run the command again to go on',
      })
    },
  }
}

async function attemptOnce(
  send: (request: Request) => Promise<Response>,
  url: string,
  init: RequestInit,
): Promise<{ readonly answer: RestAnswer } | { readonly reason: string; readonly isSent: boolean }> {
  try {
    const response = await send(new Request(url, init))
    return { answer: { status: response.status, headers: response.headers, text: await response.text() } }
  } catch (error) {
    // No answer is one of the cases that trying again is for; the reason is shown when that does not help.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const reason = cause instanceof Error ? cause.message || code : String(cause)
    return { reason, isSent: !NOT_SENT.has(code) }
  }
}

function unreachable(url: string, reason: string): BackSaasError {
  return new BackSaasError('SERVER_UNAVAILABLE', 503, `${url} cannot be reached: ${reason}`, {
    hint: 'is the server running, and is the URL right?',
  })
}

function lostAnswer(reason: string): RestAnswer {
  const message = `it is not known whether it was written: ${reason}`
  const hint = 'the row has no key, so it was not sent again: look whether it is there'
  return { status: 502, headers: new Headers(), text: JSON.stringify({ code: ANSWER_LOST, message, hint }) }
}

/** Twice as long each time, a little at random, never shorter than the server asks. */
function waitMs(attempt: number, askedMs: number): number {
  const grown = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS)
  const asked = Number.isFinite(askedMs) ? Math.min(askedMs, 60_000) : 0
  return Math.max(asked, grown / 2 + (Math.random() * grown) / 2)
}

/** @throws `URL_INVALID` (400). */
function restRoot(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new BackSaasError('URL_INVALID', 400, `${JSON.stringify(text)} is no URL of a data API`, {
      hint: 'such as https://acme.example.com/rest/v1 or http://127.0.0.1:8787/t/acme/rest/v1',
    })
  const url = new URL(text)
  const path = url.pathname.replace(/\/+$/, '')
  return `${url.origin}${path.endsWith('/rest/v1') ? path : `${path}/rest/v1`}`
}

/** Reads the error of an answer, whoever gave it. */
export function readProblem({ status, text }: RestAnswer): RestProblem {
  const body = parseObject(text)
  const said = (name: string): string | null => (typeof body[name] === 'string' ? body[name] : null)
  return {
    code: said('code') ?? `HTTP_${status}`,
    message: said('message') ?? `the server answered ${status}`,
    details: said('details'),
    hint: said('hint'),
    errors: Array.isArray(body.errors) ? body.errors.filter(isFieldProblem) : [],
  }
}

/** The error that ends a command: the server's own words. */
export function refusedByServer(answer: RestAnswer, doing: string): BackSaasError {
  const { code, message, details, hint, errors } = readProblem(answer)
  return new BackSaasError(code, answer.status, `${doing}: ${message}`, { details, hint, errors })
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {} // an object, checked here
  } catch {
    return {} // a gateway's page, or nothing: the status says it
  }
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return typeof value === 'object' && value !== null && 'pointer' in value && typeof value.pointer === 'string'
}
