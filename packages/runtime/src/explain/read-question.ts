/** The arguments of `explain_access` → a question about a known entity. */
import {
  type Action,
  BackSaasError,
  type CompiledEntity,
  type CompiledSchema,
  type Json,
  type JsonObject,
  nearestName,
  type Principal,
} from '@backsaas/core'
import { unknownColumn, unknownEntity } from '../dialect/dialect-errors.ts'
import { checkNesting } from '../dialect/nesting.ts'
import type { AskedPrincipal, AskedRow, Question } from './question.ts'

const ARGUMENTS = ['principal', 'action', 'entity', 'row', 'input', 'fields'] as const
const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']
const KINDS: readonly Principal['kind'][] = ['user', 'key', 'service', 'anonymous']
const ROLES_MAX = 100
const FIELDS_MAX = 500
const TEXT_MAX = 1000

/**
 * @param schema as far as the caller may name it.
 * @throws `PGRST102` (400, 415 for another content type) with the place of what is wrong; `PGRST205` (404) for an unknown
 *   entity; `42703` (400) for an unknown field.
 * @example readQuestion('{"action":"read","entity":"contacts"}', 'application/json', crm).entity.name // 'contacts'
 */
export function readQuestion(body: string, contentType: string | null, schema: CompiledSchema): Question {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type !== '' && type !== 'application/json')
    throw new BackSaasError('PGRST102', 415, `Content-Type not acceptable: ${type.slice(0, 100)}`, {
      hint: 'Send application/json.',
    })
  checkNesting(body)
  const given = asObject(parseJson(body), '', 'an object of arguments')
  for (const name of Object.keys(given))
    if (!(ARGUMENTS as readonly string[]).includes(name))
      throw invalid(`/${name.slice(0, 100)}`, 'is no argument', `The arguments are ${ARGUMENTS.join(', ')}.`)
  const action = oneOf(ACTIONS, given.action, '/action')
  const entity = findEntity(given.entity, schema)
  const question = {
    principal: absent(given.principal) ? null : readPrincipal(given.principal),
    action,
    entity,
    row: absent(given.row) ? null : readRow(given.row, entity),
    input: absent(given.input) ? null : asObject(given.input, '/input', 'an object of fields and their values'),
    fields: absent(given.fields) ? null : readFields(given.fields, entity),
  }
  for (const name of Object.keys(question.input ?? {})) refuseUnknown(name, entity)
  checkParts(question)
  return question
}

/** A null says as little as nothing: clients write it for what they leave out. */
function absent(value: Json | undefined): value is undefined | null {
  return value === undefined || value === null
}

function checkParts({ action, row, input, fields }: Question): void {
  if (row && action === 'create') throw invalid('/row', 'is nothing before it is created', 'Say `input`.')
  if (input && action !== 'create' && action !== 'update')
    throw invalid('/input', `is nothing to ${action} a row with`, 'Leave it out.')
  if (fields && action === 'delete') throw invalid('/fields', 'are deleted as a whole row', 'Leave them out.')
  if (fields && input)
    throw invalid('/fields', 'are said by `input` already, which names what is given', 'Leave one of them out.')
}

function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch (cause) {
    throw new BackSaasError('PGRST102', 400, 'Empty or invalid json', { details: 'the body is not valid JSON', cause })
  }
}

function readPrincipal(value: Json): AskedPrincipal {
  const given = asObject(value, '/principal', 'an object such as { "roles": ["sales"] }')
  for (const name of Object.keys(given))
    if (!['roles', 'id', 'kind', 'email'].includes(name))
      throw invalid(`/principal/${name.slice(0, 100)}`, 'is not known of a caller', 'It is { roles, id, kind, email }.')
  const { roles, id, kind, email } = given
  return {
    ...(absent(roles) ? {} : { roles: texts(roles, '/principal/roles', ROLES_MAX) }),
    ...(absent(id) ? {} : { id: text(id, '/principal/id') }),
    ...(absent(email) ? {} : { email: text(email, '/principal/email') }),
    ...(absent(kind) ? {} : { kind: oneOf(KINDS, kind, '/principal/kind') }),
  }
}

function findEntity(value: Json | undefined, schema: CompiledSchema): CompiledEntity {
  const name = text(value, '/entity')
  const entity = Object.hasOwn(schema.entities, name) ? schema.entities[name] : undefined
  if (!entity) throw unknownEntity(schema.name, name, nearestName(name, Object.keys(schema.entities)))
  return entity
}

function readRow(value: Json, entity: CompiledEntity): AskedRow {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const values = asObject(value, '/row', '')
    for (const name of Object.keys(values)) refuseUnknown(name, entity)
    return { values }
  }
  const key = Array.isArray(value) ? value : [value]
  if (key.length !== entity.key.length)
    throw invalid(
      '/row',
      `has not the ${entity.key.length === 1 ? 'one value' : `${entity.key.length} values`} of the key`,
      `Give ${entity.key.length === 1 ? entity.key[0] : `[${entity.key.join(', ')}]`}, or an object of values.`,
    )
  return { key: key.map((part) => (typeof part === 'number' ? String(part) : text(part, '/row'))) }
}

function readFields(value: Json, entity: CompiledEntity): readonly string[] {
  const fields = texts(value, '/fields', FIELDS_MAX)
  if (fields.length === 0) throw invalid('/fields', 'names no field', 'Name one or more, or leave it out.')
  for (const name of fields) refuseUnknown(name, entity)
  return [...new Set(fields)]
}

function refuseUnknown(name: string, { fields, name: entity }: CompiledEntity): void {
  if (!Object.hasOwn(fields, name)) throw unknownColumn(entity, name, nearestName(name, Object.keys(fields)))
}

function asObject(value: Json, at: string, expected: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject // neither null nor a list
  throw invalid(at, `is not ${expected}`, null)
}

function oneOf<T extends string>(words: readonly T[], value: Json | undefined, at: string): T {
  const word = words.find((known) => known === value)
  if (word === undefined) throw invalid(at, 'is not known', `It is one of ${words.join(', ')}.`)
  return word
}

function texts(value: Json, at: string, max: number): readonly string[] {
  if (!Array.isArray(value)) throw invalid(at, 'is no list', null)
  if (value.length > max) throw invalid(at, `has more than ${max} items`, null)
  return value.map((item, index) => text(item, `${at}/${index}`))
}

function text(value: Json | undefined, at: string): string {
  if (typeof value !== 'string') throw invalid(at, 'is no text', null)
  if (value.length > TEXT_MAX) throw invalid(at, `is longer than ${TEXT_MAX} characters`, null)
  if (value.includes('\0')) throw invalid(at, 'contains a NUL character', null)
  return value
}

function invalid(pointer: string, detail: string, hint: string | null): BackSaasError {
  const what = pointer === '' ? 'the body' : pointer.slice(1).replaceAll('/', '.')
  return new BackSaasError('PGRST102', 400, `${what} ${detail}`, {
    hint,
    errors: [{ pointer, code: 'argument', detail }],
  })
}
