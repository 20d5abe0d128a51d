/** The data API for functions: requests of the process to itself, as the caller for whom they work. */
import type { CompiledRelation } from '../contracts/compiled.ts'
import type { FunctionData, FunctionFilter, FunctionQuestion, FunctionRow } from '../contracts/function-context.ts'
import type { Json } from '../contracts/json.ts'
import { BackSaasError } from '../errors/backsaas-error.ts'

export interface FunctionDataOptions {
  /** Answers a request as the caller; its URL is `http://backsaas.internal/rest/v1/…`. */
  readonly ask: (request: Request) => Promise<Response>
  readonly profile: string
  readonly requestId: string
  /** Those of the entity whose row it is about. */
  readonly relations: Readonly<Record<string, CompiledRelation>>
  /** Whether it may write too. */
  readonly writes: boolean
}

const ROWS = 100
/** No such host: the request never leaves the process. */
const BASE = 'http://backsaas.internal/rest/v1'

/**
 * Every answer went through all stages, with the caller's rules and limits.
 *
 * @throws from what it answers: what the data API refuses; `FUNCTION_NEEDS` (500) for a write of a function that needs none.
 * @example await createFunctionData(options).count('contacts', { status: 'lead' })
 */
export function createFunctionData(options: FunctionDataOptions): FunctionData {
  const { relations, writes } = options
  const find = (entity: string, query: URLSearchParams): Promise<readonly FunctionRow[]> =>
    send(options, 'GET', entity, query)
  const mustWrite = (): void => {
    if (!writes)
      throw new BackSaasError('FUNCTION_NEEDS', 500, 'a function writes and says that it only reads', {
        hint: "Define it with needs: 'writes'.",
      })
  }
  return {
    find: (entity, question = {}) => find(entity, questionQuery(question)),
    async count(entity, where = {}) {
      const [row] = await find(entity, filterQuery(where, [['select', 'n:count()']]))
      return Number(row?.n ?? 0)
    },
    async sum(entity, field, where = {}) {
      const [row] = await find(entity, filterQuery(where, [['select', `n:${field}.sum()::text`]]))
      return row?.n === null || row?.n === undefined ? null : String(row.n)
    },
    async related(row, name, question = {}) {
      const relation = Object.hasOwn(relations, name) ? relations[name] : undefined
      if (!relation) throw new BackSaasError('FUNCTION_FAILED', 500, `there is no relation ${name}`)
      const link = relation.to.map((field, i) => [field, row[relation.from[i] ?? ''] ?? null] as const)
      if (link.some(([, value]) => value === null)) return []
      return find(relation.entity, questionQuery({ ...question, where: { ...question.where, ...filterOf(link) } }))
    },
    async create(entity, row, { once = false } = {}) {
      mustWrite()
      const [made] = await send(options, 'POST', entity, new URLSearchParams(), row, once)
      return made ?? null
    },
    async update(entity, where, changes) {
      mustWrite()
      if (Object.keys(where).length === 0)
        throw new BackSaasError('FUNCTION_FAILED', 500, `an update of all ${entity} is not done: name some`)
      return (await send(options, 'PATCH', entity, filterQuery(where, []), changes)).length
    },
  }
}

function filterOf(link: readonly (readonly [string, Json])[]): FunctionFilter {
  return Object.fromEntries(link.map(([field, value]) => [field, String(value)]))
}

function filterQuery(where: FunctionFilter, more: readonly (readonly [string, string])[]): URLSearchParams {
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(where)) query.append(field, filterText(value))
  for (const [name, text] of more) query.set(name, text)
  return query
}

function questionQuery({ where = {}, select, order, limit = ROWS }: FunctionQuestion): URLSearchParams {
  const by = order?.startsWith('-') ? `${order.slice(1)}.desc` : order
  return filterQuery(where, [
    ...(select ? [['select', select.join(',')] as const] : []),
    ...(by === undefined ? [] : [['order', by] as const]),
    ['limit', String(limit)],
  ])
}

function filterText(value: FunctionFilter[string]): string {
  if (value === null) return 'is.null'
  if (typeof value !== 'object') return `eq.${value}`
  return `in.(${value.map((one) => `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`).join()})`
}

async function send(
  { ask, profile, requestId }: FunctionDataOptions,
  method: 'GET' | 'POST' | 'PATCH',
  entity: string,
  query: URLSearchParams,
  body?: FunctionRow,
  once = false,
): Promise<readonly FunctionRow[]> {
  const headers = {
    ...(method === 'GET'
      ? {}
      : {
          'content-type': 'application/json',
          prefer: `return=representation${once ? ',resolution=ignore-duplicates' : ''}`,
        }),
    [method === 'GET' ? 'accept-profile' : 'content-profile']: profile,
    'x-request-id': requestId,
  }
  const url = `${BASE}/${encodeURIComponent(entity)}?${query}`
  const response = await ask(new Request(url, { method, headers, ...(body && { body: JSON.stringify(body) }) }))
  const answer: unknown = await response.json()
  if (response.ok) return answer as readonly FunctionRow[] // the data API's own answer
  const { code, message, hint } = answer as { code: string; message: string; hint: string | null } // its error shape
  throw new BackSaasError(code, response.status, message, { hint })
}
