/** `create_invitation`, `accept_invitation`, `revoke_invitation`: how somebody who has signed in becomes a user with roles. */
import { type Account, isUuid, type JsonObject, uuidv7 } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { BuiltInFunction, FunctionRequest } from '../functions/function-request.ts'
import { readRows } from '../stages/run-stages.ts'
import { type RowWrite, writeRows, writeTogether } from '../stages/write-rows.ts'
import { administers, knownRoles, ofRegistry } from './administer.ts'
import { type Check, listOf, optional, readFields, text, wholeNumber } from './function-arguments.ts'
import { makeInvitation, readInvitation } from './invitation-token.ts'

const ENTITY = 'invitations'
const SHOWN = 'id,email,roles,expires_at,accepted_at,revoked_at'
const MAX_ROLES = 50
const DEFAULT_S = 7 * 86_400
const MAX_S = 30 * 86_400

const isId: Check = (value) => (typeof value === 'string' && isUuid(value) ? null : 'is the id of an invitation')
const isEmail: Check = (value) =>
  typeof value === 'string' && value.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(value) ? null : 'is an email address'

/**
 * The token is shown once; whoever brings it back, signed in, is the invited one: so it goes to that address and nowhere else.
 *
 * @throws `ARGUMENTS_INVALID` (422); `42501` (403); `PGRST202` (404) under another profile than `platform`.
 * @example POST /rest/v1/rpc/create_invitation {"email":"ada@acme.com","roles":["sales"]} // 201 { id, token, expires_at, … }
 */
export const createInvitation: BuiltInFunction = async (request) => {
  administers('create_invitation', ENTITY, 'create', request)
  const given = await readFields(request, 'create_invitation', {
    email: isEmail,
    roles: listOf('roles', MAX_ROLES, (role) => typeof role === 'string' && /^[a-z][a-z0-9_]{0,47}$/.test(role)),
    expires_in_seconds: optional(wholeNumber(60, MAX_S)),
  })
  const roles = await knownRoles(given.roles, request)
  const seconds = given.expires_in_seconds === undefined ? DEFAULT_S : Number(given.expires_in_seconds)
  const { token, hash } = await makeInvitation(request.tenantId)
  const expires_at = new Date(request.scope.now() + seconds * 1000).toISOString()
  const body = { email: String(given.email), roles, hash, expires_at }
  const [created] = await writeRows(request, { method: 'POST', entity: ENTITY, query: `select=${SHOWN}`, body })
  return { status: 201, body: { ...created, token } }
}

/**
 * Makes the caller, who has signed in, a user with the roles of the invitation; once.
 *
 * @throws `INVITATION_INVALID` (403) for one that is unknown, of another tenant, expired, revoked or accepted; `42501` (403)
 *   for a caller who has not signed in.
 */
export const acceptInvitation: BuiltInFunction = async (request) => {
  ofRegistry('accept_invitation', ENTITY, request)
  const { account } = request.principal
  if (!account)
    throw runtimeError('42501', 'an invitation is accepted by who has signed in', {
      hint: 'Send the token of an identity provider as Authorization: Bearer.',
    })
  const given = await readFields(request, 'accept_invitation', { token: text(1, 200) })
  const invitation = await findInvitation(request, await readInvitation(String(given.token), request.tenantId))
  const userId = await userIdOf(request, account)
  const roles = (invitation.roles as readonly string[]).map(String) // a list of text in the registry
  await accept(request, invitation, account, { id: userId.id, isNew: userId.isNew, roles })
  return { status: 200, body: { user_id: userId.id, roles } }
}

/** @throws as `createInvitation`; `INVITATION_INVALID` (403) where there is none that is open. */
export const revokeInvitation: BuiltInFunction = async (request) => {
  administers('revoke_invitation', ENTITY, 'delete', request)
  const given = await readFields(request, 'revoke_invitation', { id: isId })
  const body = { revoked_at: new Date(request.scope.now()).toISOString() }
  const query = `id=eq.${given.id}&accepted_at=is.null&revoked_at=is.null&select=${SHOWN}`
  const [revoked] = await writeRows(request, { method: 'PATCH', entity: ENTITY, query, body })
  if (!revoked) throw invalid()
  return { status: 200, body: revoked }
}

async function findInvitation(request: FunctionRequest, hash: string | null): Promise<JsonObject> {
  if (hash === null) throw invalid()
  const { connection, open, tenantId, scope } = request
  const query = `hash=eq.${hash}&${isOpen(scope.now())}&select=id,email,roles&limit=1`
  const [row] = await readRows(connection, open, tenantId, ENTITY, query)
  if (!row) throw invalid()
  return row
}

function isOpen(nowMs: number): string {
  return `accepted_at=is.null&revoked_at=is.null&expires_at=gt.${new Date(nowMs).toISOString()}`
}

async function userIdOf(
  { connection, open, tenantId }: FunctionRequest,
  { issuer, subject }: Account,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const quoted = `issuer=eq.${encodeURIComponent(issuer)}&subject=eq.${encodeURIComponent(subject)}`
  const [row] = await readRows(connection, open, tenantId, 'users', `${quoted}&select=id&limit=1`)
  return row ? { id: String(row.id), isNew: false } : { id: uuidv7(), isNew: true }
}

/** All or nothing: of two who accept at once, one finds the invitation open no more. */
async function accept(
  request: FunctionRequest,
  invitation: JsonObject,
  account: Account,
  user: { readonly id: string; readonly isNew: boolean; readonly roles: readonly string[] },
): Promise<void> {
  const email = String(invitation.email)
  const nothing = 'return=minimal'
  const added: RowWrite = {
    method: 'POST',
    entity: 'users',
    query: '',
    body: { id: user.id, ...account, email },
    prefer: nothing,
  }
  const memberships: RowWrite = {
    method: 'POST',
    entity: 'memberships',
    query: 'on_conflict=user_id,role',
    body: user.roles.map((role) => ({ user_id: user.id, role })),
    prefer: `${nothing}, resolution=ignore-duplicates`,
  }
  const nowMs = request.scope.now()
  const closed: RowWrite = {
    method: 'PATCH',
    entity: ENTITY,
    query: `id=eq.${invitation.id}&${isOpen(nowMs)}&select=id`,
    body: { accepted_at: new Date(nowMs).toISOString(), user_id: user.id },
    exactlyOne: true,
  }
  if (!(await writeTogether(request, [...(user.isNew ? [added] : []), memberships, closed]))) throw invalid()
}

function invalid(): Error {
  return runtimeError('INVITATION_INVALID', 'the invitation is not valid', {
    hint: 'It may be mistyped, expired, revoked, accepted already, or of another tenant.',
  })
}
