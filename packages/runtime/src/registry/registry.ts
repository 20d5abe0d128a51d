/**
 * What the runtime knows of tenants: who they are, their profiles, schemas, policies and keys. From memory, while the change
 * feed covers it; for at most 15 seconds where it does not.
 */
import {
  type Change,
  type Event,
  type FunctionDefinition,
  isUuid,
  type JsonObject,
  type Observe,
  PLATFORM_PLACEMENT_ID,
  type PolicyRow,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { boundedMap } from '../binding/bounded-map.ts'
import type { TenantName } from '../http/tenant-names.ts'
import { readRows } from '../stages/run-stages.ts'
import { type AskedRows, createAskedRows, type Rows } from './asked-rows.ts'
import { type Access, type CachedLookup, createCachedLookup } from './cached-lookup.ts'
import { checkLogin } from './check-login.ts'
import { type CodeSchema, type CompiledCodeSchema, compileCodeSchemas, locateCodeSchemas } from './code-schemas.ts'
import { createCompiledCache } from './compiled-cache.ts'
import { createForgetting } from './forgetting.ts'
import { isStale } from './is-stale.ts'
import { createKeyUses, type NoteKeyUse } from './key-uses.ts'
import { createLiveVersions, type LiveVersion } from './live-versions.ts'
import { loadVersion } from './load-versions.ts'
import { createPlatformSchema } from './platform-schema.ts'
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
  /** The versions that serve in a placement; anew where `used` did not have what was asked for. */
  liveVersions(
    placementId: string,
    access: Access,
    used?: readonly LiveVersion[],
  ): readonly LiveVersion[] | Promise<readonly LiveVersion[]>
  /** The tenant's own access rules, the same array until they change. */
  policies(tenantId: string, access: Access): readonly PolicyRow[] | Promise<readonly PolicyRow[]>
  /** The key of that prefix; revoked and expired ones too. */
  key(tenantId: string, prefix: string, access: Access): KeyRow | null | Promise<KeyRow | null>
  /** Rows of a tenant's registry, at most a page; none where this database's registry has no such entity. */
  readonly rows: AskedRows['get']
  /** Notes that the key was used, behind the answer and now and then. */
  readonly noteKeyUse: NoteKeyUse
  /** Renews what made a statement stale: `profile`, as chosen of `used`. */
  refresh(tenantId: string, used: readonly Profile[], profile: Profile, access: Access): Promise<void>
  /** The tenant's installs anew: what a request names may have come with a newer version. */
  renewInstalls(tenantId: string, used: readonly Profile[], access: Access): Promise<void>
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
  /** What these schemas may name. */
  readonly functions?: readonly FunctionDefinition[]
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
export function createRegistry({ code, functions = [], observe, covered = () => false }: RegistryOptions): Registry {
  const [loadCompiled, kept] = [createCompiledCache(VERSIONS.size), createKeeping()]
  const platform = createPlatformSchema()
  let compiled: readonly CompiledCodeSchema[] | null = null
  let codeProfiles: readonly Profile[] = []

  /** Where the schemas given in code are live now; tenants' profiles hold them, so they are read anew. */
  async function relocate(schemas: readonly CompiledCodeSchema[], access: Access): Promise<void> {
    codeProfiles = await locateCodeSchemas(access.connection, schemas)
    installs.clear()
  }

  /** Reads the platform's rows of one tenant; once more where the platform's own schema has moved on. */
  async function rows(access: Access, tenantId: string, entity: string, query: string): Promise<readonly JsonObject[]> {
    try {
      return await readRows(access.connection, await platform.get(access), tenantId, entity, query)
    } catch (error) {
      if (!isStale(error)) throw error
      return await readRows(access.connection, await platform.renew(access), tenantId, entity, query)
    }
  }

  /** None of an entity that this database's registry lacks: it may have been set up earlier. */
  async function rowsOrNone(
    access: Access,
    ...asked: [tenantId: string, entity: string, query: string]
  ): Promise<Rows> {
    return Object.hasOwn((await platform.get(access)).compiled.entities, asked[1]) ? rows(access, ...asked) : []
  }

  /** Page by page: of rules, one that was left out might be one that forbids. */
  async function allRows(access: Access, tenantId: string, entity: string, fields: string): Promise<JsonObject[]> {
    const found: JsonObject[] = []
    for (;;) {
      const after = found.length === 0 ? '' : `&id=gt.${found.at(-1)?.id}`
      const page = await rowsOrNone(access, tenantId, entity, `select=${fields}&order=id&limit=${PAGE}${after}`)
      found.push(...page)
      if (page.length < PAGE) return found
    }
  }

  const tenants = createCachedLookup<Tenant | null>({
    ...SNAPSHOT,
    observe,
    covered,
    async load(key, access) {
      const query = `${key}&select=${known(await platform.get(access), 'tenants', TENANT_FIELDS)}&limit=1`
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
      const fields = known(await platform.get(access), 'api_keys', KEY_FIELDS)
      const row = (await rows(access, tenantId, 'api_keys', `prefix=eq.${prefix}&select=${fields}&limit=1`))[0]
      return row ? readKey(row) : null
    },
  })

  const policies = createCachedLookup<readonly PolicyRow[]>({
    ...SNAPSHOT,
    observe,
    covered,
    async load(tenantId, access) {
      const found = await allRows(access, tenantId, 'policies', POLICY_FIELDS)
      return found.length === 0 ? NO_POLICIES : kept(tenantId, found.map(readPolicy))
    },
  })

  const asked = createAskedRows({ observe, covered, load: rowsOrNone })
  const versions = createCachedLookup<BoundSchema>({
    ...VERSIONS,
    observe,
    covered,
    async load(key, access) {
      return loadVersion(access.connection, readVersionKey(key), await platform.get(access), loadCompiled)
    },
  })
  const live = createLiveVersions({ ...SNAPSHOT, observe, covered })
  const heed = createForgetting({ tenants, installs, policies, keys, live, asked, platform })

  return {
    async open(access) {
      await checkLogin(access.connection)
      await platform.renew(access)
      compiled ??= await compileCodeSchemas(code, functions)
      await relocate(compiled, access)
    },

    tenant: (name, access) => tenants.get(tenantFilter(name), access),
    profiles: (tenantId, access) => (tenantId === SYSTEM_TENANT_ID ? SYSTEM_PROFILES : installs.get(tenantId, access)),

    schema(profile, access) {
      if (profile === PLATFORM_PROFILE) return platform.get(access)
      const version = versions.get(`${profile.placementId}:${profile.version}`, access)
      if (!(version instanceof Promise)) version.uses.count += 1
      return version
    },

    liveVersions: live.of,
    policies: (tenantId, access) => policies.get(tenantId, access),
    key: (tenantId, prefix, access) => keys.get(`${tenantId}/${prefix}`, access),
    rows: asked.get,
    noteKeyUse: createKeyUses(platform, observe),

    async refresh(tenantId, used, profile, access) {
      live.forget(profile.placementId)
      if (profile === PLATFORM_PROFILE) await platform.renew(access)
      else if (compiled && codeProfiles.includes(profile)) await relocate(compiled, access)
      else await installs.refresh(tenantId, used, access)
    },

    renewInstalls: (tenantId, used, access) => renewed(installs, tenantId, used, access),
    hear(event) {
      const subject = event.subject !== undefined && isUuid(event.subject) ? event.subject : null
      if (event.type.startsWith('tenant.')) heed([{ entity: 'tenants', subject }])
      if (event.type.startsWith('policy.')) policies.forget(event.tenantid)
      if (!/^(?:tenant|install|rollout|schema)\./.test(event.type)) return
      live.clear()
      installs.forget(event.tenantid)
      if (subject !== null) installs.forget(subject)
    },

    heed,

    forgetAll() {
      platform.forget()
      for (const lookup of [tenants, installs, keys, policies, live, asked]) lookup.clear()
    },

    platform: async (access, renew) => (renew ? platform.renew(access) : platform.get(access)),

    serving: () => describeServing(platform.current(), installs.values().length, versions.values()),
  }
}

/** The system tenant has no installs. */
async function renewed<V>(installs: CachedLookup<V>, tenantId: string, used: V, access: Access): Promise<void> {
  if (tenantId !== SYSTEM_TENANT_ID) await installs.refresh(tenantId, used, access)
}

/** As `schema` puts it together. */
function readVersionKey(key: string): { placementId: string; version: number } {
  const [placementId = '', version] = key.split(':')
  return { placementId, version: Number(version) }
}

/** The array that was there before, where it says the same: what was decided on it holds on. */
function createKeeping(): (tenantId: string, found: readonly PolicyRow[]) => readonly PolicyRow[] {
  const known = boundedMap<readonly PolicyRow[]>(SNAPSHOT.size)
  return (tenantId, found) => {
    const last = known.get(tenantId)
    if (last && JSON.stringify(last) === JSON.stringify(found)) return last
    known.set(tenantId, found)
    return found
  }
}

/** Those fields that this database's registry has: one that was set up earlier may lack some. */
function known({ compiled }: BoundSchema, entity: string, fields: string): string {
  const has = compiled.entities[entity]?.fields ?? {}
  return fields
    .split(',')
    .filter((field) => Object.hasOwn(has, field))
    .join()
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
