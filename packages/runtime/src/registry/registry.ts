/**
 * What the runtime knows of tenants: who they are, their profiles, schemas, policies and keys. From memory, while the change
 * feed covers it; for at most 15 seconds where it does not.
 */
import {
  type Change,
  type Event,
  isUuid,
  type JsonObject,
  type Observe,
  PLATFORM_PLACEMENT_ID,
  type PolicyRow,
  SYSTEM_TENANT_ID,
  type WatchedEntity,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { boundedMap } from '../binding/bounded-map.ts'
import type { TenantName } from '../http/tenant-names.ts'
import { readRows } from '../stages/run-stages.ts'
import { type Access, type CachedLookup, createCachedLookup } from './cached-lookup.ts'
import { checkLogin } from './check-login.ts'
import { type CodeSchema, type CompiledCodeSchema, compileCodeSchemas, locateCodeSchemas } from './code-schemas.ts'
import { createCompiledCache } from './compiled-cache.ts'
import { isStale } from './is-stale.ts'
import { loadPlatform, loadVersion } from './load-versions.ts'
import {
  INSTALL_FIELDS,
  KEY_FIELDS,
  type KeyRow,
  POLICY_FIELDS,
  type Profile,
  readKey,
  readPolicy,
  readProfiles,
  readTenant,
  TENANT_FIELDS,
  type Tenant,
} from './registry-rows.ts'
import { describeServing, type Serving } from './serving.ts'

export interface Registry {
  /** Checks the login, loads the platform's schema, finds the schemas given in code. */
  open(access: Access): Promise<void>
  tenant(name: TenantName, access: Access): Tenant | null | Promise<Tenant | null>
  /** The tenant's profiles, the default first, `platform` last. */
  profiles(tenantId: string, access: Access): readonly Profile[] | Promise<readonly Profile[]>
  schema(profile: Profile, access: Access): BoundSchema | Promise<BoundSchema>
  /** The tenant's own access rules, the same array until they change. */
  policies(tenantId: string, access: Access): readonly PolicyRow[] | Promise<readonly PolicyRow[]>
  /** The key of that prefix; revoked and expired ones too. */
  key(tenantId: string, prefix: string, access: Access): KeyRow | null | Promise<KeyRow | null>
  /** Renews what made a statement stale: `profile`, as chosen of `used`. */
  refresh(tenantId: string, used: readonly Profile[], profile: Profile, access: Access): Promise<void>
  /** Forgets what an event says has changed. */
  hear(event: Event): void
  /** Forgets what has changed. */
  heed(changes: readonly Change[]): void
  forgetAll(): void
  /** The platform's own schema; read anew where it is not known, or `renew` says so. */
  platform(access: Access, renew: boolean): Promise<BoundSchema>
  /** What is loaded, for `runtimes.serving`. */
  serving(): Serving
}

export interface RegistryOptions {
  /** Schemas that hold for all tenants, in the order of their profiles. */
  readonly code: readonly CodeSchema[]
  readonly observe: Observe | null
  /** Whether the change feed tells of all that changes. Default: never. */
  readonly covered?: (nowMs: number) => boolean
}

/**
 * Sized for 10,000 tenants asked in turn and as many again: what is used longest ago goes first, so one too many would
 * find nothing. A tenant with its installs and a key takes about 2 KB, a version about 40 KB.
 */
const SNAPSHOT = { freshMs: 5_000, maxAgeMs: 15_000, absentMs: 2_000, size: 20_000 } as const
const PAGE = 1000
const NO_POLICIES: readonly PolicyRow[] = Object.freeze([])
const KEYS = { freshMs: 5_000, maxAgeMs: 10_000, absentMs: 2_000, size: 20_000 } as const
/** A version never changes: bound once, kept while it is used. */
const VERSIONS = { freshMs: Infinity, maxAgeMs: Infinity, absentMs: 0, size: 1_000 } as const

/**
 * @example
 * const registry = createRegistry({ code: [], observe: null })
 * await registry.open({ scope, connection })
 * const tenant = await registry.tenant(tenantName('acme', 'path'), { scope, connection })
 */
export function createRegistry({ code, observe, covered = () => false }: RegistryOptions): Registry {
  const loadCompiled = createCompiledCache(VERSIONS.size)
  let platform: BoundSchema | null = null
  let compiled: readonly CompiledCodeSchema[] | null = null
  let codeProfiles: readonly Profile[] = []

  let reloading: Promise<BoundSchema> | null = null
  function reloadPlatform(access: Access): Promise<BoundSchema> {
    if (reloading) return reloading
    const flight: Promise<BoundSchema> = loadPlatform(access.connection)
      .then((loaded) => {
        if (reloading === flight) platform = loaded
        return loaded
      })
      .finally(() => {
        if (reloading === flight) reloading = null
      })
    reloading = flight
    // Others may wait for it: it must end even where the request that began it is gone.
    access.scope.waitUntil(flight.catch(() => undefined))
    return flight
  }

  /** What is on its way may be the one before. */
  function forgetPlatform(): void {
    platform = null
    reloading = null
  }

  /** Where the schemas given in code are live now; tenants' profiles hold them, so they are read anew. */
  async function relocate(schemas: readonly CompiledCodeSchema[], access: Access): Promise<void> {
    codeProfiles = await locateCodeSchemas(access.connection, schemas)
    installs.clear()
  }

  /** Reads the platform's rows of one tenant; once more where the platform's own schema has moved on. */
  async function rows(access: Access, tenantId: string, entity: string, query: string): Promise<readonly JsonObject[]> {
    try {
      return await readRows(access.connection, platform ?? (await reloadPlatform(access)), tenantId, entity, query)
    } catch (error) {
      if (!isStale(error)) throw error
      return await readRows(access.connection, await reloadPlatform(access), tenantId, entity, query)
    }
  }

  /** Page by page: of rules, one that was left out might be one that forbids. */
  async function allRows(access: Access, tenantId: string, entity: string, fields: string): Promise<JsonObject[]> {
    const found: JsonObject[] = []
    for (;;) {
      const after = found.length === 0 ? '' : `&id=gt.${found.at(-1)?.id}`
      const page = await rows(access, tenantId, entity, `select=${fields}&order=id&limit=${PAGE}${after}`)
      found.push(...page)
      if (page.length < PAGE) return found
    }
  }

  const tenants = createCachedLookup<Tenant | null>({
    ...SNAPSHOT,
    observe,
    covered,
    async load(key, access) {
      const query = `${key}&select=${TENANT_FIELDS}&limit=1`
      const row = (await rows(access, SYSTEM_TENANT_ID, 'tenants', query))[0]
      return row ? readTenant(row) : null
    },
  })

  const installs = createCachedLookup<readonly Profile[]>({
    ...SNAPSHOT,
    observe,
    covered,
    async load(tenantId, access) {
      const query = `select=${INSTALL_FIELDS}&order=profile`
      return allProfiles(readProfiles(await rows(access, tenantId, 'installs', query)), codeProfiles)
    },
  })

  const keys = createCachedLookup<KeyRow | null>({
    ...KEYS,
    observe,
    covered,
    async load(key, access) {
      const [tenantId, prefix] = key.split('/') as [string, string]
      const row = (await rows(access, tenantId, 'api_keys', `prefix=eq.${prefix}&select=${KEY_FIELDS}&limit=1`))[0]
      return row ? readKey(row) : null
    },
  })

  const policies = createCachedLookup<readonly PolicyRow[]>({
    ...SNAPSHOT,
    observe,
    covered,
    async load(tenantId, access) {
      const { compiled } = platform ?? (await reloadPlatform(access))
      // A database set up before there were policies has none.
      if (!Object.hasOwn(compiled.entities, 'policies')) return NO_POLICIES
      const found = await allRows(access, tenantId, 'policies', POLICY_FIELDS)
      return found.length === 0 ? NO_POLICIES : kept(tenantId, found.map(readPolicy))
    },
  })

  /** The array that was there before, where it says the same: what was decided on it holds on. */
  const lastPolicies = boundedMap<readonly PolicyRow[]>(SNAPSHOT.size)
  function kept(tenantId: string, found: readonly PolicyRow[]): readonly PolicyRow[] {
    const last = lastPolicies.get(tenantId)
    if (last && JSON.stringify(last) === JSON.stringify(found)) return last
    lastPolicies.set(tenantId, found)
    return found
  }

  const versions = createCachedLookup<BoundSchema>({
    ...VERSIONS,
    observe,
    covered,
    async load(key, access) {
      const [placementId, version] = key.split(':') as [string, string]
      return loadVersion(
        access.connection,
        { placementId, version: Number(version) },
        platform ?? (await reloadPlatform(access)),
        loadCompiled,
      )
    },
  })

  /** `null` for all. Of a name that led nowhere it is not known whom it leads to now. */
  function forgetTenants(ids: Subjects): void {
    tenants.forgetWhere((_key, tenant) => ids === null || !tenant || ids.has(tenant.id))
  }

  const forgetting: Readonly<Record<WatchedEntity, (subjects: Subjects) => void>> = {
    tenants: forgetTenants,
    fence_tenants: forgetTenants,
    installs: (ids) => forgetEach(installs, ids),
    policies: (ids) => forgetEach(policies, ids),
    api_keys: (ids) => keys.forgetWhere((key) => ids === null || ids.has(tenantOfKey(key))),
    // A version never changes, and one that is retired is refused by the fence; of the platform's own the newest is used.
    versions(placements) {
      if (placements === null || placements.has(PLATFORM_PLACEMENT_ID)) forgetPlatform()
    },
  }

  return {
    async open(access) {
      await checkLogin(access.connection)
      await reloadPlatform(access)
      compiled ??= await compileCodeSchemas(code)
      await relocate(compiled, access)
    },

    tenant: (name, access) => tenants.get(tenantFilter(name), access),

    profiles: (tenantId, access) => (tenantId === SYSTEM_TENANT_ID ? SYSTEM_PROFILES : installs.get(tenantId, access)),

    schema(profile, access) {
      if (profile === PLATFORM_PROFILE) return platform ?? reloadPlatform(access)
      const version = versions.get(`${profile.placementId}:${profile.version}`, access)
      if (!(version instanceof Promise)) version.uses.count += 1
      return version
    },

    policies: (tenantId, access) => policies.get(tenantId, access),
    key: (tenantId, prefix, access) => keys.get(`${tenantId}/${prefix}`, access),

    async refresh(tenantId, used, profile, access) {
      if (profile === PLATFORM_PROFILE) await reloadPlatform(access)
      else if (compiled && codeProfiles.includes(profile)) await relocate(compiled, access)
      else await installs.refresh(tenantId, used, access)
    },

    hear(event) {
      const subject = event.subject !== undefined && isUuid(event.subject) ? event.subject : null
      if (event.type.startsWith('tenant.')) forgetTenants(subject === null ? null : new Set([subject]))
      if (event.type.startsWith('policy.')) policies.forget(event.tenantid)
      if (!/^(?:tenant|install|rollout|schema)\./.test(event.type)) return
      installs.forget(event.tenantid)
      if (subject !== null) installs.forget(subject)
    },

    heed(changes) {
      const subjects = new Map<string, Subjects>()
      for (const { entity, subject } of changes) {
        const known = subjects.get(entity)
        if (subject === null) subjects.set(entity, null)
        else if (known === undefined) subjects.set(entity, new Set([subject]))
        else known?.add(subject)
      }
      for (const [entity, of] of subjects) {
        // Of what a newer release watches besides, nothing is cached here.
        if (Object.hasOwn(forgetting, entity)) forgetting[entity as WatchedEntity](of)
      }
    },

    forgetAll() {
      forgetPlatform()
      for (const lookup of [tenants, installs, keys, policies]) lookup.clear()
    },

    async platform(access, renew) {
      return renew ? reloadPlatform(access) : (platform ?? reloadPlatform(access))
    },

    serving: () => describeServing(platform, installs.values().length, versions.values()),
  }
}

/** Ids of tenants or placements; null for all there are. */
type Subjects = Set<string> | null

function forgetEach(lookup: CachedLookup<unknown>, keys: Subjects): void {
  if (keys === null) lookup.clear()
  else for (const key of keys) lookup.forget(key)
}

function tenantOfKey(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

/** In the dialect's own words; the value's form was checked where the name was read. */
function tenantFilter({ by, value }: TenantName): string {
  return by === 'host' ? `hosts=cs.{"${value}"}` : `${by}=eq.${value}`
}

const PLATFORM_PROFILE: Profile = Object.freeze({ name: 'platform', placementId: PLATFORM_PLACEMENT_ID, version: 0 })
const SYSTEM_PROFILES: readonly Profile[] = Object.freeze([PLATFORM_PROFILE])

/** A tenant's own installs decide before what is given in code; its registry is always there. */
function allProfiles(own: readonly Profile[], code: readonly Profile[]): readonly Profile[] {
  const given = code.filter((profile) => !own.some((install) => install.name === profile.name))
  return [...own, ...given, PLATFORM_PROFILE]
}
