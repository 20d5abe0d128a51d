/** `If-Match` and `If-None-Match` (RFC 9110, 13.1) → what must hold of the row for a request to go on. */
import { arrayText, BackSaasError, type CompiledEntity, type Condition } from '@backsaas/core'
import { notSupported, parseError } from './dialect-errors.ts'
import type { Params } from './params.ts'

export interface Precondition {
  /** `exists`: there must be a row, of one of the revisions where any are named. `absent`: there must be none. */
  readonly kind: 'exists' | 'absent'
  readonly revisions: readonly string[] | null
}

const TAG = /^\s*(?:W\/)?"([^"]*)"\s*$/

/**
 * @param item whether the request names one row by its key in the path.
 * @throws `NOT_SUPPORTED` (400) on a collection, where no one row is meant; `PGRST100` (400) for what is no list of tags.
 */
export function readPrecondition(headers: Headers, method: string, item: boolean): Precondition | null {
  const match = headers.get('if-match')
  const noneMatch = method === 'PUT' ? headers.get('if-none-match') : null
  if (match === null && noneMatch === null) return null
  if (!item) throw notSupported('If-Match or If-None-Match on a collection', 'Name the row in the path: /entity/key.')
  if (noneMatch !== null && noneMatch.trim() !== '*')
    throw notSupported('If-None-Match with tags', 'Send If-None-Match: *.')
  if (match === null) return { kind: 'absent', revisions: null }
  if (match.trim() === '*') return { kind: 'exists', revisions: null }
  const revisions = match.split(',').map((part) => {
    const tag = TAG.exec(part)?.[1]
    if (tag === undefined) throw parseError('If-Match', match, 1, '"*" or a list of quoted tags')
    return tag
  })
  return { kind: 'exists', revisions }
}

/** The condition on the row's revision; none where any will do. A tag that can be no revision matches nothing. */
export function revisionCondition(
  precondition: Precondition | null,
  entity: CompiledEntity,
  params: Params,
): readonly Condition[] {
  if (!precondition?.revisions) return []
  const numbers = precondition.revisions.filter((tag) => /^\d{1,18}$/.test(tag))
  if (!Object.hasOwn(entity.fields, 'revision') || numbers.length === 0) throw preconditionFailed()
  return [
    {
      kind: 'comparison',
      not: false,
      path: { field: 'revision', json: [] },
      operator: 'in',
      param: params.add(arrayText(numbers)),
    },
  ]
}

export function preconditionFailed(): BackSaasError {
  return new BackSaasError('PRECONDITION_FAILED', 412, 'the row is not as If-Match or If-None-Match says', {
    hint: 'Read it again: its ETag is what to send in If-Match.',
  })
}
