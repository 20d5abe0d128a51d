/** What a caller may ask for, as data, and the request that asks for it. */
import { type Filter, type Query, toParameters } from './query.ts'
import { ENTITIES, type EntityName, type Row } from './world.ts'

/** How a write answers: nothing, or the rows that it wrote. */
interface Written {
  readonly entity: EntityName
  readonly returning: Query | null
  /** Asks for it all to be undone. */
  readonly undo: boolean
}

export type Step =
  | { readonly is: 'read'; readonly query: Query; readonly count: boolean; readonly head: boolean }
  | { readonly is: 'item'; readonly query: Query; readonly key: Row }
  | (Written & { readonly is: 'create'; readonly rows: readonly Row[]; readonly upsert: 'merge' | 'ignore' | null })
  | (Written & { readonly is: 'put'; readonly key: Row; readonly row: Row })
  /** `key`: of the one row that the path names. */
  | (Written & {
      readonly is: 'update'
      readonly where: readonly Filter[]
      readonly key: Row | null
      readonly change: Row
    })
  | (Written & { readonly is: 'delete'; readonly where: readonly Filter[]; readonly key: Row | null })

export interface Asked {
  readonly method: string
  /** Below `/rest/v1`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export function isWrite(step: Step): boolean {
  return step.is !== 'read' && step.is !== 'item'
}

export function toRequest(step: Step): Asked {
  switch (step.is) {
    case 'read':
      return {
        method: step.head ? 'HEAD' : 'GET',
        path: pathOf(step.query.entity, null, toParameters(step.query)),
        headers: step.count ? { prefer: 'count=exact' } : {},
      }
    case 'item':
      return {
        method: 'GET',
        path: pathOf(step.query.entity, step.key, toParameters(step.query, 'answer')),
        headers: {},
      }
    case 'create': {
      const prefer = step.upsert ? [`resolution=${step.upsert}-duplicates`] : []
      return writing('POST', step, null, [], step.rows.length === 1 ? step.rows[0] : step.rows, prefer)
    }
    case 'put':
      return writing('PUT', step, step.key, [], step.row)
    case 'update':
      return writing('PATCH', step, step.key, step.where, step.change)
    case 'delete':
      return writing('DELETE', step, step.key, step.where)
  }
}

function writing(
  method: string,
  { entity, returning, undo }: Written,
  key: Row | null,
  where: readonly Filter[],
  body?: unknown,
  more: readonly string[] = [],
): Asked {
  const chosen: Query = { entity, select: [], where, order: [], limit: null, offset: 0 }
  const parameters = [...toParameters(chosen, 'filters'), ...(returning ? toParameters(returning, 'answer') : [])]
  const prefer = [...more, ...(returning ? ['return=representation'] : []), ...(undo ? ['tx=rollback'] : [])]
  return {
    method,
    path: pathOf(entity, key, parameters),
    headers: prefer.length === 0 ? {} : { prefer: prefer.join(', ') },
    ...(body === undefined ? {} : { body }),
  }
}

function pathOf(entity: EntityName, key: Row | null, parameters: readonly (readonly [string, string])[]): string {
  const item =
    key === null ? '' : `/${ENTITIES[entity].key.map((field) => encodeURIComponent(String(key[field]))).join()}`
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return `/${entity}${item}${query === '' ? '' : `?${query}`}`
}
