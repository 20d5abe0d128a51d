/** The data API for functions: requests of the process to itself, as the caller of the request that they work for. */
import {
  BackSaasError,
  type CompiledEntity,
  type FunctionData,
  type FunctionFilter,
  type FunctionQuestion,
  type FunctionRow,
  type Json,
} from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { CallingRequest } from './calling-request.ts'

const ROWS = 100
/** No such host: the request never leaves the process. */
const BASE = 'http://backsaas.internal/rest/v1'

/**
 * Asks on the request's own profile; every answer went through all stages, with the caller's rules and limits.
 *
 * @throws from what it answers: what the data API refuses.
 */
export function createFunctionData(request: CallingRequest, entity: CompiledEntity | null): FunctionData {
  const ask = (name: string, query: URLSearchParams): Promise<readonly FunctionRow[]> =>
    askRows(request, `${encodeURIComponent(name)}?${query}`)
  return {
    find: (name, question = {}) => ask(name, questionQuery(question, [])),
    async count(name, where = {}) {
      const [row] = await ask(name, questionQuery({ where }, [['select', 'n:count()']]))
      return Number(row?.n ?? 0)
    },
    async sum(name, field, where = {}) {
      const [row] = await ask(name, questionQuery({ where }, [['select', `n:${field}.sum()::text`]]))
      return row?.n === null || row?.n === undefined ? null : String(row.n)
    },
    async related(row, name, question = {}) {
      const relation = entity && Object.hasOwn(entity.relations, name) ? entity.relations[name] : undefined
      if (!relation) throw runtimeError('FUNCTION_FAILED', `${entity?.name ?? 'a call'} has no relation ${name}`)
      const link = relation.to.map((field, i) => [field, row[relation.from[i] ?? ''] ?? null] as const)
      if (link.some(([, value]) => value === null)) return []
      return ask(relation.entity, questionQuery({ ...question, where: { ...question.where, ...filterOf(link) } }, []))
    },
  }
}

function filterOf(link: readonly (readonly [string, Json])[]): FunctionFilter {
  return Object.fromEntries(link.map(([field, value]) => [field, String(value)]))
}

function questionQuery(
  { where = {}, select, order, limit = ROWS }: FunctionQuestion,
  more: readonly (readonly [string, string])[],
): URLSearchParams {
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(where)) query.append(field, filterText(value))
  if (select) query.set('select', select.join(','))
  if (order !== undefined) query.set('order', order.startsWith('-') ? `${order.slice(1)}.desc` : order)
  for (const [name, text] of more) query.set(name, text)
  if (more.length === 0) query.set('limit', String(limit))
  return query
}

function filterText(value: FunctionFilter[string]): string {
  if (value === null) return 'is.null'
  if (typeof value !== 'object') return `eq.${value}`
  return `in.(${value.map((one) => `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`).join()})`
}

async function askRows(request: CallingRequest, path: string): Promise<readonly FunctionRow[]> {
  const headers = { 'accept-profile': request.profile, 'x-request-id': request.requestId }
  const response = await request.plugins.ask(request.principal, new Request(`${BASE}/${path}`, { headers }))
  const body: unknown = await response.json()
  if (response.ok) return body as readonly FunctionRow[] // the data API's own answer
  const { code, message, hint } = body as { code: string; message: string; hint: string | null } // its error shape
  throw new BackSaasError(code, response.status, message, { hint })
}
