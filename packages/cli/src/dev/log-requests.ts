/** The observation stream as lines: for people, or as JSON. */
import type { Observation, Observe } from '@backsaas/core'
import type { Io } from '../io.ts'

/** @example createRuntime({ database, observe: logRequests('json', io) }) */
export function logRequests(form: 'text' | 'json' | 'none', io: Io): Observe {
  return (observation) => {
    if (observation.kind === 'error') io.err(form === 'json' ? asJson(observation) : asText(observation))
    else if (form === 'json' && observation.kind !== 'stage') io.out(asJson(observation))
    else if (form === 'text' && observation.kind === 'request') io.out(asText(observation))
  }
}

function asText(observation: Extract<Observation, { kind: 'request' | 'error' }>): string {
  const time = new Date().toISOString().slice(11, 19)
  if (observation.kind === 'error') return `${time} ${observation.code} ${messageOf(observation.error)}`
  const { method, path, status, durationMs, tenant } = observation
  return `${time} ${status} ${method} ${path} ${durationMs.toFixed(1)} ms${tenant === undefined ? '' : ` ${tenant}`}`
}

function asJson(observation: Observation): string {
  const time = new Date().toISOString()
  const error = observation.kind === 'error' ? { error: messageOf(observation.error) } : {}
  return JSON.stringify({ time, ...observation, ...error })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
