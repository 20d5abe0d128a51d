/** HTTP → Operation. */
import {
  BackSaasError,
  type CompiledEntity,
  type CompiledSchema,
  type Condition,
  type Input,
  nearestName,
  type Operation,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { buildQuery } from '../dialect/build-query.ts'
import { noSuchRow, notSupported, overLimit, parseError, unknownEntity } from '../dialect/dialect-errors.ts'
import { readAccept } from '../dialect/media.ts'
import { collectParams, type Params } from '../dialect/params.ts'
import { readPreferences } from '../dialect/preferences.ts'
import { readInput } from '../dialect/read-input.ts'
import { type Precondition, readPrecondition, revisionCondition } from '../dialect/read-precondition.ts'
import { readRange } from '../dialect/read-range.ts'
import { readPut, readUpsert } from '../dialect/read-upsert.ts'
import { type SplitQuery, splitQuery } from '../dialect/split-query.ts'
import { fillShape, learnShape, readWritten } from './known-shape.ts'
import type { Head, Parsed, ParseInput } from './parsed.ts'

/**
 * Reads method, path, query string, headers and body into an operation on a known entity with known fields.
 *
 * @throws the dialect's 4xx errors (`PGRST…`), each with what was expected.
 */
export function parse(input: ParseInput, cache: Cache | null): Parsed {
  const head = cache === null ? parseHead(input) : knownHead(input, cache)
  const { action } = head.operation
  if (action !== 'create' && action !== 'update') return head
  const target = input.inputs?.[action] ?? head.entity
  return {
    ...head,
    entity: target,
    operation: { ...head.operation, ...written(input, action, { ...head, entity: target }) },
  }
}

/** Where what was parsed once is kept. */
type Cache = Pick<BoundSchema, 'shapes' | 'statements'>

function knownHead(input: ParseInput, { shapes, statements }: Cache): Head {
  const request = readWritten(input)
  if (request === null) return parseHead(input)
  const shape = shapes.get(request.key)
  if (shape) return fillShape(shape, request.values)
  const head = parseHead(input)
  const learned = learnShape(request, head, input, parseHead)
  if (learned) {
    shapes.set(request.key, learned)
    statements.expect(head.operation.query)
  }
  return head
}

function parseHead(input: ParseInput): Head {
  const entity = findEntity(input.schema, input.entity)
  const media = readAccept(input.headers.get('accept'))
  const preferences = readPreferences(input.headers.get('prefer'))
  const split = splitQuery(new URLSearchParams(input.query))
  const params = collectParams()
  const precondition = readPrecondition(input.headers, input.method, input.itemKey !== null)
  const action = actionOf(input.method, precondition)
  refuseUnbuilt(input.method, action, split)
  const put = action === 'create' && input.method === 'PUT'
  const itemKey = input.itemKey === null ? null : readItemKey(entity, input.itemKey, put)
  // The key that a PUT names in its filters is where the row goes, not a condition on what is there.
  const filtered = buildQuery(put ? { ...split, filters: [], logic: [] } : split, entity, {
    schema: input.schema,
    params,
    limits: input.limits,
  })
  const item =
    itemKey === null || put
      ? []
      : [...keyConditions(entity, itemKey, params), ...revisionCondition(precondition, entity, params)]
  const page =
    action === 'read' ? readRange(split, input.headers, input.limits.maxRows, params) : { offset: 0, query: {} }
  const limited =
    (action === 'update' || action === 'delete') &&
    preferences.handling === 'strict' &&
    preferences.maxAffected !== null
  const operation: Operation = {
    action,
    entity: entity.name,
    query: { ...filtered, where: [...item, ...filtered.where], ...page.query },
    cardinality: media.singular || itemKey !== null ? 'one' : 'many',
    count: preferences.count,
    returning: action === 'read' ? 'representation' : preferences.return,
    format: media.format,
    ...(itemKey === null ? {} : { item: true }),
    ...(limited ? { maxAffected: params.add(String(preferences.maxAffected)) } : {}),
    ...(preferences.timeZone === null ? {} : { timeZone: params.add(preferences.timeZone) }),
    ...(preferences.tx === 'rollback' && action !== 'read' ? { rollback: true } : {}),
    params: params.values,
  }
  return { operation, entity, preferences, media, offset: page.offset, split, itemKey, precondition }
}

/** What a write brings: its rows, and how they meet those that are there. */
function written(
  { method, body, headers, limits }: ParseInput,
  action: 'create' | 'update',
  { split, preferences, entity, itemKey, precondition }: Head,
): Pick<Operation, 'input' | 'upsert'> {
  const input = readInput(action, body, headers.get('content-type'), split.columns, preferences, entity)
  if (input.rows.length > limits.insertRows) throw overLimit('rows to write', limits.insertRows)
  if (method === 'PUT') {
    const put = readPut(input, split, itemKey, entity)
    if (action === 'update') return { input: withoutKey(input, entity) }
    return precondition?.kind === 'absent' ? { ...put, upsert: { ...put.upsert, resolution: 'ignore' } } : put
  }
  const upsert = action === 'create' ? readUpsert(preferences, split, entity, input) : null
  return upsert ? { input, upsert } : { input }
}

/** What a PUT changes of a row that must be there: all it brings but the key. */
function withoutKey(input: Input, entity: CompiledEntity): Input {
  return { ...input, columns: input.columns.filter((name) => !entity.key.includes(name)) }
}

/** @throws `PGRST117` (405). */
function actionOf(method: string, precondition: Precondition | null): Operation['action'] {
  const action = ACTIONS[method]
  if (!action) throw methodNotAllowed(method)
  // A PUT that must find its row is an update: nothing is made where there is none.
  return method === 'PUT' && precondition?.kind === 'exists' ? 'update' : action
}

const ACTIONS: Readonly<Record<string, Operation['action']>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'create',
  PUT: 'create',
  PATCH: 'update',
  DELETE: 'delete',
}

function findEntity(schema: CompiledSchema, name: string): CompiledEntity {
  const entity = Object.hasOwn(schema.entities, name) ? schema.entities[name] : undefined
  if (!entity) throw unknownEntity(schema.name, name, nearestName(name, Object.keys(schema.entities)))
  return entity
}

function methodNotAllowed(method: string): BackSaasError {
  return new BackSaasError('PGRST117', 405, `Unsupported HTTP method: ${method}`, {
    headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' },
  })
}

/** What the dialect once had and this one has not: refused, so that nothing is answered wrongly. */
function refuseUnbuilt(method: string, action: Operation['action'], split: SplitQuery): void {
  const rooted = [...split.limits, ...split.offsets].some(({ embed }) => embed.length === 0)
  if (rooted && (action === 'update' || action === 'delete'))
    throw notSupported(
      `limit or offset on ${method}`,
      'Name the rows by a filter; max-affected guards against too many.',
    )
}

/**
 * `/order_lines/42,SKU-1`: the key's fields in order, each escaped by itself, so that a value may hold a comma.
 *
 * @throws `PGRST116` (404) where the caller may not see the key: no row can be found by it then, whatever it is. A PUT may make one.
 */
function readItemKey(entity: CompiledEntity, text: string, put: boolean): readonly string[] {
  const hidden = entity.key.some((field) => !Object.hasOwn(entity.fields, field))
  if (hidden && !put) throw noSuchRow(entity.name)
  const values = (entity.key.length === 1 ? [text] : text.split(',')).map((part) => decoded(part, text))
  const expected = hidden ? 'the values of the key' : `${entity.key.length} values: ${entity.key.join(',')}`
  if (values.length !== entity.key.length || values.some((value) => value.includes('\0')))
    throw parseError('item key', text, 1, expected)
  return values
}

function decoded(part: string, whole: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new BackSaasError('PGRST100', 400, `"failed to parse item key (${whole.slice(0, 100)})" (line 1, column 1)`, {
      cause,
    })
  }
}

/** The key's fields as conditions. */
function keyConditions(entity: CompiledEntity, key: readonly string[], params: Params): readonly Condition[] {
  return entity.key.map((field, i) => equals(field, params.add(key[i] ?? '')))
}

function equals(field: string, param: number): Condition {
  return { kind: 'comparison', not: false, path: { field, json: [] }, operator: 'eq', param }
}
