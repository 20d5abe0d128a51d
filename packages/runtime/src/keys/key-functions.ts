/** `create_api_key`, `rotate_api_key`, `revoke_api_key`: a tenant's admins make keys, which are shown once, and end them. */
import { hashApiKey, isScope, isUuid, type JsonObject, makeApiKey } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { BuiltInFunction, FunctionRequest } from '../functions/function-request.ts'
import { readRows } from '../stages/run-stages.ts'
import { writeRows } from '../stages/write-rows.ts'
import { administers, knownRoles } from './administer.ts'
import { type Check, future, listOf, optional, readFields, text, wholeNumber } from './function-arguments.ts'

const ENTITY = 'api_keys'
const SHOWN = 'id,name,prefix,roles,scopes,expires_at,revoked_at,previous_until'
const MAX_ROLES = 50
const MAX_SCOPES = 100
const DEFAULT_GRACE_S = 86_400
const MAX_GRACE_S = 30 * 86_400

const isKeyId: Check = (value) => (typeof value === 'string' && isUuid(value) ? null : 'is the id of a key')

/**
 * @throws `ARGUMENTS_INVALID` (422); `42501` (403); `PGRST202` (404) under another profile than `platform`.
 * @example POST /rest/v1/rpc/create_api_key {"name":"import","roles":["sales"],"scopes":["contacts:read"]} // 201 { id, key, … }
 */
export const createApiKey: BuiltInFunction = async (request) => {
  administers('create_api_key', ENTITY, 'create', request)
  const given = await readFields(request, 'create_api_key', {
    name: text(1, 100),
    roles: listOf('roles', MAX_ROLES, (role) => typeof role === 'string'),
    scopes: optional(listOf('scopes, as contacts:read', MAX_SCOPES, isScope)),
    expires_at: optional(future(request.scope.now())),
  })
  const roles = await knownRoles(given.roles, request)
  const { key, prefix, hash } = await makeApiKey(request.tenantId)
  const row = { name: String(given.name).trim(), roles, prefix, hash, ...picked(given, 'scopes', 'expires_at') }
  const [created] = await writeRows(request, { method: 'POST', entity: ENTITY, query: `select=${SHOWN}`, body: row })
  return { status: 201, body: { ...created, key } }
}

/**
 * A new secret of the same key; the one before holds on for `grace_seconds` (a day, unless given).
 *
 * @throws as `createApiKey`; `KEY_UNKNOWN` (404) where there is none that is in use.
 */
export const rotateApiKey: BuiltInFunction = async (request) => {
  administers('rotate_api_key', ENTITY, 'update', request)
  const given = await readFields(request, 'rotate_api_key', {
    id: isKeyId,
    grace_seconds: optional(wholeNumber(0, MAX_GRACE_S)),
  })
  const graceS = given.grace_seconds === undefined ? DEFAULT_GRACE_S : Number(given.grace_seconds)
  const before = await findKey(request, given)
  // The prefix finds the row, so both secrets have the same.
  const key = `${(await makeApiKey(request.tenantId)).key.replace(/_[0-9a-f]{12}_/, `_${before.prefix}_`)}`
  const rotated = {
    hash: await hashApiKey(key),
    previous_hash: graceS === 0 ? null : String(before.hash),
    previous_until: graceS === 0 ? null : new Date(request.scope.now() + graceS * 1000).toISOString(),
  }
  const same = `id=eq.${before.id}&hash=eq.${before.hash}&revoked_at=is.null`
  const write = { method: 'PATCH', entity: ENTITY, query: `${same}&select=${SHOWN}`, body: rotated } as const
  const [row] = await writeRows(request, write)
  if (!row) throw keyUnknown()
  return { status: 200, body: { ...row, key } }
}

/** Ends a key: it is refused within 10 seconds. @throws as `rotateApiKey`, but for one that is revoked already: it stays so. */
export const revokeApiKey: BuiltInFunction = async (request) => {
  administers('revoke_api_key', ENTITY, 'update', request)
  const given = await readFields(request, 'revoke_api_key', { id: isKeyId })
  const query = `id=eq.${given.id}&revoked_at=is.null&select=${SHOWN}`
  const body = { revoked_at: new Date(request.scope.now()).toISOString() }
  const [revoked] = await writeRows(request, { method: 'PATCH', entity: ENTITY, query, body })
  const found = revoked ?? (await readRows(request.connection, request.open, request.tenantId, ENTITY, named(given)))[0]
  if (!found) throw keyUnknown()
  return { status: 200, body: found }
}

function named({ id }: JsonObject): string {
  return `id=eq.${id}&select=${SHOWN}&limit=1`
}

async function findKey({ connection, open, tenantId }: FunctionRequest, { id }: JsonObject): Promise<JsonObject> {
  const query = `id=eq.${id}&revoked_at=is.null&select=id,prefix,hash&limit=1`
  const [row] = await readRows(connection, open, tenantId, ENTITY, query)
  if (!row) throw keyUnknown()
  return row
}

function keyUnknown(): Error {
  return runtimeError('KEY_UNKNOWN', 'the tenant has no such key in use', {
    hint: 'Its keys are at /rest/v1/api_keys under Accept-Profile: platform.',
  })
}

function picked(given: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name] ?? null]])))
}
