/** Which versions of a schema serve in a placement, and until when: a client may ask for one by the header `Schema-Version`. */
import { type Connection, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import { type Access, type CachedLookup, createCachedLookup, type LookupOptions } from './cached-lookup.ts'
import type { Profile } from './registry-rows.ts'

export interface LiveVersion {
  readonly version: number
  /** Seconds since the epoch; null where it is not on its way out. */
  readonly deprecatedAt: number | null
  readonly sunsetAt: number | null
}

export interface LiveVersions extends CachedLookup<readonly LiveVersion[]> {
  /** Those of a placement; anew where `used` did not have what was asked for. */
  of(
    placementId: string,
    access: Access,
    used?: readonly LiveVersion[],
  ): readonly LiveVersion[] | Promise<readonly LiveVersion[]>
}

export function createLiveVersions(options: Omit<LookupOptions<readonly LiveVersion[]>, 'load'>): LiveVersions {
  const lookup = createCachedLookup<readonly LiveVersion[]>({
    ...options,
    load: (placementId, access) => loadLiveVersions(access.connection, placementId),
  })
  return {
    ...lookup,
    of: (placementId, access, used) =>
      used ? lookup.refresh(placementId, used, access) : lookup.get(placementId, access),
  }
}

const LIVE = `select version, floor(extract(epoch from deprecated_at)), ceil(extract(epoch from sunset_at))
  from backsaas.versions where placement_id = $1 and state = 'live' order by version`

async function loadLiveVersions(connection: Connection, placementId: string): Promise<readonly LiveVersion[]> {
  const [result] = await connection.batch([{ text: LIVE, params: [placementId] }])
  return (result?.rows ?? []).map(([version, deprecated, sunset]) => ({
    version: Number(version),
    deprecatedAt: deprecated === null || deprecated === undefined ? null : Number(deprecated),
    sunsetAt: sunset === null || sunset === undefined ? null : Number(sunset),
  }))
}

/**
 * The version that the header asks for; null where there is none.
 *
 * @throws `SCHEMA_VERSION_INVALID` (400) where it is no number.
 */
export function askedVersion(request: Request): number | null {
  const asked = request.headers.get('schema-version')
  if (asked === null) return null
  if (/^[1-9]\d{0,8}$/.test(asked.trim())) return Number(asked)
  throw runtimeError('SCHEMA_VERSION_INVALID', `Schema-Version is no version: ${asked.slice(0, 40)}`, {
    hint: 'It is a whole number, such as 3.',
  })
}

/**
 * The profile in the version that is asked for.
 *
 * @throws `SCHEMA_VERSION_UNKNOWN` (406) where it does not serve, or not any more.
 */
export function atVersion(
  profile: Profile,
  live: readonly LiveVersion[],
  asked: number,
): { profile: Profile; version: LiveVersion } {
  if (profile.placementId === PLATFORM_PLACEMENT_ID) {
    throw runtimeError('SCHEMA_VERSION_UNKNOWN', 'the registry serves in its newest version alone', {
      hint: 'Leave the header Schema-Version out.',
    })
  }
  const version = live.find((one) => one.version === asked)
  if (version)
    return { profile: version.version === profile.version ? profile : { ...profile, version: asked }, version }
  const all = live.map((one) => one.version).join(', ')
  throw runtimeError('SCHEMA_VERSION_UNKNOWN', `version ${asked} of ${profile.name} does not serve`, {
    hint: `${all === '' ? 'None serves' : `These do: ${all}`}; without the header you get version ${profile.version}.`,
  })
}

/** RFC 9745 and RFC 8594: since when a version is on its way out, and when it ends. */
export function versionHeaders({ version, deprecatedAt, sunsetAt }: LiveVersion): Readonly<Record<string, string>> {
  return {
    'schema-version': String(version),
    ...(deprecatedAt !== null && { deprecation: `@${deprecatedAt}` }),
    ...(deprecatedAt !== null && sunsetAt !== null && { sunset: new Date(sunsetAt * 1000).toUTCString() }),
  }
}
