/** Databases and stores to measure on, all on one server: every fifth store is a tenant's own, and the databases take turns. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database } from '@backsaas/core'
import { bootstrap, createStore, type Fleet } from '@backsaas/migrator'
import { createAnew, drop, inDatabase } from '../connect.ts'

export interface BenchStore {
  readonly name: string
  readonly kind: 'pooled' | 'dedicated'
  /** Null of home's. */
  readonly database: string | null
}

export interface BenchFleet {
  readonly fleet: Fleet
  /** The default one first. */
  readonly stores: readonly BenchStore[]
  /** For a runtime, which closes them: connections of its own. */
  serving(): { readonly database: Database; readonly databases: Readonly<Record<string, Database>> }
  /** Null for home's. */
  urlOf(database: string | null): string
  close(): Promise<void>
}

const DATABASE = 'backsaas_bench_rollouts'
const MAX = 6

/** @param admin the URL of a login that may create databases. */
export async function openFleet(admin: string, databases: number, stores: number): Promise<BenchFleet> {
  const names = Array.from({ length: databases - 1 }, (_, i) => `db-${i + 2}`)
  const urlOf = (name: string | null): string => inDatabase(admin, postgresName(name))
  for (const name of [null, ...names]) await createAnew(admin, postgresName(name))
  const open = (name: string | null): Database => pg(urlOf(name), { max: MAX })
  const openAll = (): Record<string, Database> => Object.fromEntries(names.map((name) => [name, open(name)]))
  const fleet: Fleet = { home: open(null), named: openAll() }
  await bootstrap(fleet.home, { report: () => undefined })
  const all = Array.from({ length: stores }, (_, i): BenchStore => {
    const database = [null, ...names][i % databases] ?? null
    if (i === 0) return { name: 'default', kind: 'pooled', database }
    return { name: `store-${String(i + 1).padStart(3, '0')}`, kind: i % 5 === 4 ? 'dedicated' : 'pooled', database }
  })
  for (const { name, kind, database } of all.slice(1)) {
    await createStore(fleet, { name, kind, ...(database !== null && { database }) })
  }
  return {
    fleet,
    stores: all,
    urlOf,
    serving: () => ({ database: open(null), databases: openAll() }),
    async close() {
      await Promise.all([fleet.home, ...Object.values(fleet.named)].map((database) => database.close?.()))
      for (const name of [null, ...names]) await drop(admin, postgresName(name))
    },
  }
}

function postgresName(name: string | null): string {
  return name === null ? DATABASE : `${DATABASE}_${name.replace('-', '_')}`
}

/** Where a tenant is: each dedicated store has one, the others go round. */
export function storeOf(stores: readonly BenchStore[], tenant: number): BenchStore {
  const dedicated = stores.filter(({ kind }) => kind === 'dedicated')
  const pooled = stores.filter(({ kind }) => kind === 'pooled')
  const own = dedicated[tenant]
  const shared = pooled[(tenant - dedicated.length) % pooled.length]
  const store = own ?? shared
  if (!store) throw new Error('there is a default store')
  return store
}
