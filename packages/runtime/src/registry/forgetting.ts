/** What the change feed says, to what is cached of it. */
import { type Change, PLATFORM_PLACEMENT_ID, type WatchedEntity } from '@backsaas/core'
import type { AskedRows } from './asked-rows.ts'
import type { CachedLookup } from './cached-lookup.ts'
import type { PlatformSchema } from './platform-schema.ts'
import type { Tenant } from './registry-rows.ts'

export interface Cached {
  /** By a condition that finds it. */
  readonly tenants: CachedLookup<Tenant | null>
  /** Both by the tenant's id. */
  readonly installs: CachedLookup<unknown>
  readonly policies: CachedLookup<unknown>
  /** By the tenant's id, a slash, and the key's prefix. */
  readonly keys: CachedLookup<unknown>
  readonly asked: Pick<AskedRows, 'forget'>
  /** By the placement's id. */
  readonly live: CachedLookup<unknown>
  readonly platform: PlatformSchema
}

/** Ids of tenants or placements; null for all there are. */
type Subjects = Set<string> | null

/** @example const heed = createForgetting(cached); heed([{ entity: 'installs', subject: tenantId }]) */
export function createForgetting(cached: Cached): (changes: readonly Change[]) => void {
  const { tenants, installs, policies, keys, asked, live, platform } = cached

  /** Of a name that led nowhere it is not known whom it leads to now. */
  function forgetTenants(ids: Subjects): void {
    tenants.forgetWhere((_key, tenant) => ids === null || !tenant || ids.has(tenant.id))
  }

  const forgetting: Readonly<Record<WatchedEntity, (subjects: Subjects) => void>> = {
    tenants: forgetTenants,
    fence_tenants: forgetTenants,
    installs: (ids) => forgetEach(installs, ids),
    policies: (ids) => forgetEach(policies, ids),
    api_keys: (ids) => keys.forgetWhere((key) => ids === null || ids.has(key.slice(0, key.indexOf('/')))),
    users: asked.forget,
    memberships: asked.forget,
    identity_providers: asked.forget,
    settings: asked.forget,
    function_settings: asked.forget,
    // A version never changes, and one that is retired is refused by the fence; of the platform's own the newest is used.
    versions(placements) {
      forgetEach(live, placements)
      if (placements !== null && !placements.has(PLATFORM_PLACEMENT_ID)) return
      platform.forget()
      // What was not there may be an entity now.
      asked.forget(null)
    },
  }

  return (changes) => {
    for (const [entity, subjects] of byEntity(changes)) {
      // Of what a newer release watches besides, nothing is cached here.
      if (Object.hasOwn(forgetting, entity)) forgetting[entity as WatchedEntity](subjects)
    }
  }
}

function byEntity(changes: readonly Change[]): ReadonlyMap<string, Subjects> {
  const found = new Map<string, Subjects>()
  for (const { entity, subject } of changes) {
    const known = found.get(entity)
    if (subject === null) found.set(entity, null)
    else if (known === undefined) found.set(entity, new Set([subject]))
    else known?.add(subject)
  }
  return found
}

function forgetEach(lookup: CachedLookup<unknown>, keys: Subjects): void {
  if (keys === null) lookup.clear()
  else for (const key of keys) lookup.forget(key)
}
