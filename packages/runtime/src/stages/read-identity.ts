/** An identity as developers' code names it, checked and completed to a principal. */
import { type Identity, isScope, type Principal } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'

const KINDS: ReadonlySet<unknown> = new Set<Principal['kind']>(['user', 'key', 'service', 'anonymous'])

/**
 * @throws `IDENTITY_INVALID` (500): what answered it is the developer's code, so it is told to the operator.
 */
export function readIdentity(given: Identity): Principal {
  const { tenant, id, kind = 'user', roles = [], email, scopes, account } = given
  if (typeof tenant !== 'string' || tenant === '') throw invalid('tenant is no text')
  if (typeof id !== 'string' || id === '') throw invalid('id is no text')
  if (!KINDS.has(kind)) throw invalid(`kind is none of ${[...KINDS].join(', ')}`)
  if (!Array.isArray(roles) || roles.some((role) => typeof role !== 'string')) throw invalid('roles is no list of text')
  if (email !== undefined && typeof email !== 'string') throw invalid('email is no text')
  if (scopes !== undefined && !(Array.isArray(scopes) && scopes.every(isScope)))
    throw invalid('scopes is no list of scopes')
  return {
    tenant,
    id,
    kind,
    roles,
    ...(email === undefined ? {} : { email }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(account === undefined ? {} : { account }),
  }
}

function invalid(why: string): Error {
  return runtimeError('IDENTITY_INVALID', `the identity that was given is none: ${why}`, {
    hint: 'It is { tenant, id, kind?, roles?, email?, scopes?, account? }.',
  })
}
