/** HTTP → Operation. */
import {
  BackSaasError,
  type CompiledEntity,
  type CompiledSchema,
  type Condition,
  type Operation,
  type Query,
} from '@backsaas/core'
import { buildQuery } from '../dialect/build-query.ts'
import { parseError, unknownEntity } from '../dialect/dialect-errors.ts'
import { type Media, readAccept } from '../dialect/media.ts'
import { nearest } from '../dialect/nearest.ts'
import { collectParams, type Params } from '../dialect/params.ts'
import { type Preferences, readPreferences } from '../dialect/preferences.ts'
import { readInput } from '../dialect/read-input.ts'
import { readCount, type SplitQuery, splitQuery } from '../dialect/split-query.ts'
import type { Limits } from '../http/limits.ts'

export interface ParseInput {
  readonly method: string
  readonly headers: Headers
  readonly search: URLSearchParams
  /** The body's text; '' where there is none. */
  readonly body: string
  readonly entity: string
  readonly itemKey: string | null
  readonly schema: CompiledSchema
  readonly limits: Limits
}

export interface Parsed {
  readonly operation: Operation
  readonly entity: CompiledEntity
  readonly preferences: Preferences
  readonly media: Media
  /** The first row asked for, for `Content-Range`. */
  readonly offset: number
}

/**
 * Reads method, path, query string, headers and body into an operation on a known entity with known fields.
 *
 * @throws the dialect's 4xx errors (`PGRST…`), each with what was expected.
 */
export function parse(input: ParseInput): Parsed {
  const entity = findEntity(input.schema, input.entity)
  const media = readAccept(input.headers.get('accept'))
  const preferences = readPreferences(input.headers.get('prefer'))
  const split = splitQuery(input.search)
  const params = collectParams()
  const action = ACTIONS[input.method]
  if (!action) throw methodNotAllowed(input.method)
  refuseUnbuilt(input.method, action, split, preferences)
  const item = input.itemKey !== null
  const filtered = buildQuery(split, entity, { schema: input.schema, params, limits: input.limits })
  const query = item ? { ...filtered, where: [...itemConditions(entity, input, params), ...filtered.where] } : filtered
  const writes = action === 'create' || action === 'update'
  const page = action === 'read' ? readPage(split, input.limits, params) : { offset: 0, query: {} }
  const operation: Operation = {
    action,
    entity: entity.name,
    query: { ...query, ...page.query },
    cardinality: media.singular || (item && action === 'read') ? 'one' : 'many',
    count: preferences.count,
    returning: action === 'read' ? 'representation' : preferences.return,
    ...(item ? { item } : {}),
    ...(writes
      ? { input: readInput(action, input.body, input.headers.get('content-type'), split.columns, preferences, entity) }
      : {}),
    params: params.values,
  }
  return { operation, entity, preferences, media, offset: page.offset }
}

const ACTIONS: Readonly<Record<string, Operation['action']>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'create',
  PATCH: 'update',
  DELETE: 'delete',
}

function findEntity(schema: CompiledSchema, name: string): CompiledEntity {
  const entity = Object.hasOwn(schema.entities, name) ? schema.entities[name] : undefined
  if (!entity) throw unknownEntity(schema.name, name, nearest(name, Object.keys(schema.entities)))
  return entity
}

function methodNotAllowed(method: string): BackSaasError {
  return new BackSaasError('PGRST117', 405, `Unsupported HTTP method: ${method}`, {
    headers: { allow: 'GET, HEAD, POST, PATCH, DELETE, OPTIONS' },
  })
}

/** What the dialect has and this version does not: refused, so that nothing is answered wrongly. */
function refuseUnbuilt(method: string, action: Operation['action'], split: SplitQuery, preferences: Preferences): void {
  const unbuilt = [
    [preferences.resolution !== null || split.onConflict !== null, 'upsert (resolution, on_conflict)'],
    [preferences.tx === 'rollback', 'Prefer: tx=rollback'],
    [preferences.maxAffected !== null, 'Prefer: max-affected'],
    [preferences.count === 'planned' || preferences.count === 'estimated', `Prefer: count=${preferences.count}`],
    [
      action !== 'read' &&
        (split.limits.some((l) => l.embed.length === 0) || split.offsets.some((o) => o.embed.length === 0)),
      `limit or offset on ${method}`,
    ],
  ] as const
  for (const [present, what] of unbuilt)
    if (present) throw new BackSaasError('NOT_SUPPORTED', 400, `${what} is not supported`)
}

/** `limit` and `offset` of the root, always a limit: never more rows than a page may have. */
function readPage(split: SplitQuery, limits: Limits, params: Params): { offset: number; query: Partial<Query> } {
  const root = (list: SplitQuery['limits']) => list.find((item) => item.embed.length === 0)?.text
  const limitText = root(split.limits)
  const offsetText = root(split.offsets)
  const limit = limitText === undefined ? limits.maxRows : Math.min(readCount(limitText, 'limit'), limits.maxRows)
  const offset = offsetText === undefined ? 0 : readCount(offsetText, 'offset')
  return {
    offset,
    query: { limit: params.add(String(limit)), ...(offset > 0 ? { offset: params.add(String(offset)) } : {}) },
  }
}

/** `/order_lines/42,SKU-1`: the key's fields in order; `If-Match` asks for the revision too. */
function itemConditions(
  entity: CompiledEntity,
  { itemKey, headers }: ParseInput,
  params: Params,
): readonly Condition[] {
  const text = itemKey ?? ''
  const values = entity.key.length === 1 ? [text] : text.split(',')
  if (values.length !== entity.key.length || text.includes('\0'))
    throw parseError('item key', text, 1, `${entity.key.length} values: ${entity.key.join(',')}`)
  const conditions = entity.key.map((field, i) => equals(field, params.add(values[i] ?? '')))
  const match = headers.get('if-match')
  if (match === null || match.trim() === '*') return conditions
  const revision = /^"(\d{1,18})"$/.exec(match.trim())?.[1]
  if (!Object.hasOwn(entity.fields, 'revision') || revision === undefined) throw preconditionFailed()
  return [...conditions, equals('revision', params.add(revision))]
}

export function preconditionFailed(): BackSaasError {
  return new BackSaasError('PRECONDITION_FAILED', 412, 'the row has another revision than If-Match names', {
    hint: 'Read it again: its ETag is the revision to send.',
  })
}

function equals(field: string, param: number): Condition {
  return { kind: 'comparison', not: false, path: { field, json: [] }, operator: 'eq', param }
}
