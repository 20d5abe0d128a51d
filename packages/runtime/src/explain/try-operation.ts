/** Does what is asked about as a request would, and undoes it: all stages decide, and not only the rules. */
import { BackSaasError, type Principal } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { FunctionRequest } from '../functions/function-request.ts'
import { isStale } from '../registry/is-stale.ts'
import { runStages } from '../stages/run-stages.ts'
import type { Question } from './question.ts'

/** What a request would have been answered. */
export interface Outcome {
  readonly status: number
  readonly code: string | null
  readonly message: string | null
}

/**
 * @returns null where the question is not about one operation on one stored row, or one that is to be created.
 * @throws what breaks on our side, and `STALE_SCHEMA`.
 */
export async function tryOperation(
  request: FunctionRequest,
  view: BoundSchema,
  principal: Principal,
  question: Question,
): Promise<Outcome | null> {
  const attempt = attemptOf(question)
  const { entity } = question
  // Who does not see the key cannot name a row by it: rules alone can tell of such a row.
  const isNamed = entity.key.every((field) => Object.hasOwn(view.served.entities[entity.name]?.fields ?? {}, field))
  if (attempt === null || (attempt.key !== null && !isNamed)) return null
  const itemKey = attempt.key?.map(encodeURIComponent).join(',') ?? null
  const path = `${request.basePath}/${entity.name}${itemKey === null ? '' : `/${itemKey}`}`
  const sent = new Request(`http://backsaas.internal${path}`, {
    method: attempt.method,
    headers: { ...HEADERS, 'content-profile': request.profile, 'accept-profile': request.profile },
    ...(attempt.body === null ? {} : { body: attempt.body }),
  })
  const address = { host: 'backsaas.internal', path, query: '' }
  try {
    const { status } = await runStages({
      ...request,
      request: sent,
      address,
      entity: entity.name,
      itemKey,
      principal,
      schema: view,
      // The stages of the call itself are told, and none beside them.
      observe: null,
    })
    return { status, code: null, message: null }
  } catch (error) {
    if (!(error instanceof BackSaasError) || isStale(error) || error.status >= 500) throw error
    return { status: error.status, code: error.code, message: error.message }
  }
}

const HEADERS = { 'content-type': 'application/json', prefer: 'return=minimal, tx=rollback, missing=default' }

interface Attempt {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly key: readonly string[] | null
  readonly body: string | null
}

function attemptOf({ action, row, input }: Question): Attempt | null {
  const body = input && JSON.stringify(input)
  if (action === 'create') return body === null ? null : { method: 'POST', key: null, body }
  if (!row || !('key' in row)) return null
  if (action === 'read') return { method: 'GET', key: row.key, body: null }
  if (action === 'delete') return { method: 'DELETE', key: row.key, body: null }
  // An update of no column changes nothing, whoever asks.
  return body === null || body === '{}' ? null : { method: 'PATCH', key: row.key, body }
}

/** Whether it is the rules, or another stage that decides who may, that refused. */
export function isDenial({ status, code }: Outcome): boolean {
  return status === 401 || status === 403 || (code !== null && DENIALS.has(code))
}

/** No such row as far as the caller may act on it; a field that it does not know, or may not give. */
const DENIALS: ReadonlySet<string> = new Set(['PGRST116', 'PGRST204', 'FIELD_NOT_WRITABLE'])
