/** A runtime of two databases, and tenants that ask it as any client does. */
import { pg } from '@backsaas/adapters/databases/pg'
import { createKey, createTenant } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createRuntime, type Runtime, type RuntimeOptions } from '@backsaas/runtime'
import { PostgrestClient } from '@supabase/postgrest-js'
import { type Caller, createCaller } from '../fixture/caller.ts'
import type { TestFleet } from './start-fleet.ts'

export interface Shop extends Caller {
  /** The real client, which knows nothing of databases. */
  readonly client: PostgrestClient
}

/** Customers with orders; every write is told. */
export const SHOP = `schema: shop
entities:
  customers:
    fields:
      email: { type: string, required: true, unique: true }
      name: { type: string }
    events: [created, updated, deleted]
  orders:
    fields:
      amount: { type: integer }
      total: { type: decimal, precision: 30, scale: 2 }
      customer_id: { to: customers, as: customer, required: true, on_delete: cascade }
    events: [created]
`

/** @param url of `eu`, where it is reached by another way. */
export async function serveFleet(
  { urls }: TestFleet,
  options: Partial<RuntimeOptions> = {},
  url: string = urls.eu,
): Promise<Runtime> {
  const runtime = createRuntime({
    database: pg(urls.home),
    databases: { eu: pg(url) },
    beat: { leaseMs: 200 },
    observe: () => undefined,
    plugins: [policies()],
    ...options,
  })
  await runtime.ready()
  return runtime
}

/** A tenant in a store, the default one unless named. */
export async function openShop(platform: TestFleet, runtime: Runtime, slug: string, store?: string): Promise<Shop> {
  const { id } = await createTenant(platform.fleet, { slug, schemas: ['shop'], ...(store && { store }) })
  const { key } = await createKey(platform.home, { tenant: slug, name: 'tests', roles: ['admin'] })
  return asShop(runtime, { slug, id, key })
}

/** The same tenant, asking another runtime. */
export function asShop(runtime: Runtime, { slug, id, key }: Pick<Caller, 'slug' | 'id' | 'key'>): Shop {
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    runtime.fetch(new Request(`http://localhost${path}`, init))
  const client = new PostgrestClient('http://localhost/rest/v1', {
    headers: { apikey: key },
    fetch: (input, init) => send(new URL(String(input)).pathname + new URL(String(input)).search, init),
    retry: false,
  })
  return { ...createCaller({ slug, id, key, send }), client }
}
