/** Which of a tenant's profiles a request speaks to: PostgREST's `Accept-Profile` and `Content-Profile`. */
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Profile } from './registry-rows.ts'

/** What supabase-js asks for unless it is told otherwise. */
const UNSAID = 'public'

/**
 * The profile that the header names, `Accept-Profile` for reads and `Content-Profile` for writes; without it, or where it is
 * `public` and the tenant has no profile of that name, the first.
 *
 * @throws `PGRST106` (406) where the tenant has none of that name; `NO_SCHEMA_INSTALLED` (404) where none is named and
 *   the tenant has only its registry.
 */
export function selectProfile(request: Request, profiles: readonly Profile[], tenant: string): Profile {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const name = request.headers.get(reads ? 'accept-profile' : 'content-profile')
  const first = profiles[0]
  const named = profiles.find((profile) => profile.name === name)
  if (named) return named
  if ((name === null || name === UNSAID) && first) {
    if (first.name !== 'platform' || tenant === 'system') return first
    throw runtimeError('NO_SCHEMA_INSTALLED', `the tenant ${tenant} has no schema installed`, {
      hint: 'Install one with the migrator, or ask for the registry with `Accept-Profile: platform`.',
    })
  }
  throw runtimeError(
    'PGRST106',
    `The schema must be one of the following: ${[...new Set(profiles.map((p) => p.name))].join(', ')}`,
  )
}
