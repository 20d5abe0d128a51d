/** The observation stream as lines: for people, or as JSON. */
import type { Observation, Observe } from '@backsaas/core'
import { jsonLog } from '@backsaas/runtime'
import type { Io } from '../io.ts'

/** Lines for people; JSON lines without how long each stage took; JSON lines of everything; errors alone. */
export const LOG_FORMS = ['text', 'requests', 'json', 'none'] as const

export type LogForm = (typeof LOG_FORMS)[number]

/**
 * An observer for a terminal or a log.
 *
 * @example createRuntime({ database, observe: logRequests('json', io) })
 */
export function logRequests(form: LogForm, io: Io): Observe {
  const asJson = jsonLog((line) => io.out(line))
  return (observation) => {
    if (form === 'json' || (form === 'requests' && observation.kind !== 'stage')) asJson(observation)
    else if (observation.kind === 'error') io.err(errorLine(observation))
    else if (form === 'text' && observation.kind === 'request') io.out(requestLine(observation))
  }
}

function requestLine(request: Extract<Observation, { kind: 'request' }>): string {
  const { method, path, status, durationMs, tenant } = request
  return `${clock()} ${status} ${method} ${path} ${durationMs.toFixed(1)} ms${tenant === undefined ? '' : ` ${tenant}`}`
}

function errorLine({ code, error }: Extract<Observation, { kind: 'error' }>): string {
  return `${clock()} ${code} ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
}

function clock(): string {
  return new Date().toISOString().slice(11, 19)
}
