/** A database in memory that answers what the registry asks of the control schema, and rows as the stages would read them. */
import {
  type CompiledSchema,
  type Connection,
  type Database,
  hashApiKey,
  type JsonObject,
  type Mapping,
  makeApiKey,
  PLATFORM_PLACEMENT_ID,
  type Statement,
  SYSTEM_TENANT_ID,
} from '@backsaas/core'

export const ACME = '018f0000-0000-7000-8000-0000000000aa'
export const GLOBEX = '018f0000-0000-7000-8000-0000000000bb'
export const CRM_PLACEMENT = '018f0000-0000-7000-8000-0000000000cc'

export interface FakeStore {
  readonly database: Database
  /** Rows by `tenantId entity`. */
  readonly rows: Map<string, JsonObject[]>
  readonly versions: Map<string, { hash: string; state: 'live' | 'retired' }>
  /** role, superuser, bypassrls, owns. */
  login: readonly string[]
  /** Thrown by the next statements, while set. */
  broken: Error | null
  /** Reads of the registry, `tenantId entity query`. */
  readonly reads: string[]
  closed: boolean
  readRows(tenantId: string, entity: string, query: string): Promise<readonly JsonObject[]>
  addKey(tenantId: string, roles?: readonly string[], extra?: JsonObject): Promise<string>
}

/** Two tenants, acme and globex, on version 1 of the schema crm; and the platform's own. */
export function fakeStore(): FakeStore {
  const store: FakeStore = {
    database: {
      name: 'fake',
      can: { listen: false, interactive: false },
      open: () => connection,
      close: async () => {
        store.closed = true
      },
    },
    rows: new Map(),
    versions: new Map([
      [`${PLATFORM_PLACEMENT_ID}:1`, { hash: 'platform', state: 'live' }],
      [`${CRM_PLACEMENT}:1`, { hash: CRM.hash, state: 'live' }],
    ]),
    login: ['serve', 'f', 'f', 'f'],
    broken: null,
    reads: [],
    closed: false,
    async readRows(tenantId, entity, query) {
      if (store.broken) throw store.broken
      store.reads.push(`${tenantId} ${entity} ${query}`)
      return (store.rows.get(`${tenantId} ${entity}`) ?? []).filter((row) => matches(row, query))
    },
    async addKey(tenantId, roles = ['admin'], extra = {}) {
      const { key, prefix } = await makeApiKey(tenantId)
      const row = {
        id: `key-${prefix}`,
        prefix,
        hash: await hashApiKey(key),
        roles,
        expires_at: null,
        revoked_at: null,
      }
      const table = `${tenantId} api_keys`
      store.rows.set(table, [...(store.rows.get(table) ?? []), { ...row, ...extra }])
      return key
    },
  }
  const connection: Connection = {
    async batch(statements) {
      if (store.broken) throw store.broken
      return statements.map((statement) => {
        const rows = answer(statement, store)
        return { rows, count: rows.length }
      })
    },
  }
  store.rows.set(`${SYSTEM_TENANT_ID} tenants`, [
    { id: ACME, slug: 'acme', status: 'live', hosts: ['crm.acme.test'] },
    { id: GLOBEX, slug: 'globex', status: 'live', hosts: null },
    { id: SYSTEM_TENANT_ID, slug: 'system', status: 'live', hosts: null },
  ])
  for (const tenant of [ACME, GLOBEX])
    store.rows.set(`${tenant} installs`, [
      { profile: 'crm', placement_id: CRM_PLACEMENT, version: 1, is_default: true },
    ])
  return store
}

/** A schema of one entity with one field. */
export function schemaNamed(name: string, roles: CompiledSchema['roles'] = {}): CompiledSchema {
  const field = { name: 'id', type: 'uuid', list: false, required: true, writable: false } as const
  const notes = {
    name: 'notes',
    key: ['id'],
    fields: { id: field },
    relations: {},
    unique: [],
    indexes: [],
    events: [],
  }
  return { name, hash: `hash-${name}`, roles, entities: { notes } }
}

export const CRM: CompiledSchema = schemaNamed('crm', { boss: { inherits: ['admin'] } })

const MAPPING: Mapping = {
  schema: 'store',
  entities: { notes: { table: 'notes', columns: { id: 'id' }, constraints: {} } },
}

function answer({ text, params }: Statement, store: FakeStore): readonly (readonly (string | null)[])[] {
  if (text.includes('pg_roles')) return [store.login]
  if (text.includes('pg_snapshot_xmin')) return [['1', 'since then', '[]']]
  if (text.includes('order by v.version'))
    return [['1', JSON.stringify(schemaNamed('platform')), JSON.stringify(MAPPING)]]
  if (text.includes('p.schema_name')) {
    const found = [...store.versions].find(([, one]) => one.hash === params[1] && one.state === 'live')
    return found ? [found[0].split(':')] : []
  }
  return store.versions.has(`${params[0]}:${params[1]}`) ? [[JSON.stringify(CRM), JSON.stringify(MAPPING)]] : []
}

function matches(row: JsonObject, query: string): boolean {
  return [...new URLSearchParams(query)].every(([field, condition]) => {
    const value = row[field]
    if (condition.startsWith('eq.')) return value === condition.slice(3)
    if (condition.startsWith('cs.')) return Array.isArray(value) && value.includes(condition.slice(5, -2))
    return true
  })
}
