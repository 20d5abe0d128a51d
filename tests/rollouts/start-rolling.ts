/** A product whose tenants have version 1 of a schema of the platform's, with clients that ask it all the time. */
import { setTimeout as delay } from 'node:timers/promises'
import { createKey, createTenant } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { expect } from 'vitest'
import { type Caller, createCaller } from '../fixture/caller.ts'
import type { Fixture } from '../fixture/start-fixture.ts'
import { type Registry, startRegistry } from '../registry/start-registry.ts'
import { PLANTED } from './planted.ts'

/** Versions of the schema: each has the fields of those before it. */
export const VERSIONS: Readonly<Record<'one' | 'two' | 'failing' | 'slow' | 'refusing', string>> = {
  one: shop([]),
  two: shop(['note: { type: string }']),
  failing: shop(['note: { type: string }', 'more: { type: string }'], 'planted.fails'),
  slow: shop(['note: { type: string }', 'more: { type: string }'], 'planted.waits'),
  refusing: shop(['note: { type: string }', 'more: { type: string, required: true, default: x }'], 'planted.refuses'),
}

function shop(fields: readonly string[], hook?: string): string {
  const all = ['title: { type: string }', ...fields].map((field) => `      ${field}\n`).join('')
  const hooks = hook === undefined ? '' : `    hooks:\n      before_create: [{ use: ${hook}, on: title }]\n`
  return `schema: shop\nentities:\n  orders:\n    fields:\n${all}${hooks}`
}

/** The version after a bad one: without what was wrong with it. */
export function mended(document: string): string {
  const [fields = ''] = document.split('    hooks:')
  return `${fields}      third: { type: string }\n`
}

export interface Rolling {
  readonly registry: Registry
  readonly slugs: readonly string[]
  /** Of a tenant, who may be answered anything. */
  callerOf(slug: string): Promise<Caller>
  /** Which version each tenant's install has, by slug. */
  versions(): Promise<Readonly<Record<string, number>>>
  /** Statuses that clients were answered, and how often. */
  readonly statuses: Map<number, number>
  publish(document: string, how?: object): Promise<Readonly<Record<string, unknown>>>
  /** The newest roll-out. */
  rollout(): Promise<Readonly<Record<string, unknown>>>
  /** Waits until it stands so. */
  until(state: string, timeoutMs?: number): Promise<Readonly<Record<string, unknown>>>
  /** The physical table of an entity of the platform. */
  table(entity: string): Promise<string>
  start(given: object): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

/** @param count of tenants; each has a client of its own that creates and reads, one request after the other. */
export async function startRolling(count: number, asking = true): Promise<Rolling> {
  const registry = await startRegistry(
    {
      database: 'postgres',
      functions: PLANTED,
      runtime: { plugins: [policies()], beat: { leaseMs: 200, name: 'one' } },
    },
    { functions: PLANTED },
  )
  const { fixture, system } = registry
  const statuses = new Map<number, number>()
  const clients: Promise<void>[] = []
  let stopped = false

  const publish: Rolling['publish'] = async (document, how = {}) => {
    const answer = await system.rpc('publish_schema', { source: document, ...how }, { prefer: 'wait=20' })
    expect(answer.status, answer.text).toBeLessThan(202)
    return answer.row
  }

  async function callerOf(slug: string, id = ''): Promise<Caller> {
    const { key } = await createKey(fixture.database, { tenant: slug, name: 'client' })
    const send = (path: string, init?: RequestInit): Promise<Response> =>
      fixture.runtime.fetch(new Request(`http://localhost${path}`, init))
    return createCaller({ slug, id, key, send })
  }

  async function client(slug: string, id: string): Promise<void> {
    const caller = await callerOf(slug, id)
    for (let n = 0; !stopped; n++) {
      const answer =
        n % 2 === 0 ? await caller.post('/orders', { title: `n${n}` }) : await caller.get('/orders?limit=1')
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      await delay(2)
    }
  }

  const newest = async (): Promise<Readonly<Record<string, unknown>>> =>
    (await system.get('/rollouts?order=created_at.desc,id.desc&limit=1')).rows[0] ?? {}
  await publish(VERSIONS.one)
  const slugs = Array.from({ length: count }, (_, i) => `shop-${i + 1}`)
  for (const slug of slugs) {
    const { id } = await createTenant(fixture.database, { slug, name: slug, schemas: ['shop'] })
    if (asking) clients.push(client(slug, id))
  }
  return {
    registry,
    slugs,
    statuses,
    callerOf,
    publish,
    async versions() {
      const installs = await fixture.ownerQuery(
        `select t.slug, i.version::text from ${await tableOf(registry.fixture, 'installs')} i
         join ${await tableOf(registry.fixture, 'tenants')} t on t.id = i.tenant_id where i.schema_name = 'shop'`,
      )
      return Object.fromEntries(installs.map(([slug, version]) => [slug, Number(version)]))
    },
    rollout: newest,
    table: (entity) => tableOf(registry.fixture, entity),
    async until(state, timeoutMs = 20_000) {
      await expect.poll(async () => (await newest()).state, { timeout: timeoutMs, interval: 50 }).toBe(state)
      return newest()
    },
    async start(given) {
      const answer = await system.rpc('start_rollout', { schema: 'shop', ...given })
      expect(answer.status, answer.text).toBeLessThan(202)
      return answer.row
    },
    async close() {
      stopped = true
      await Promise.all(clients)
      await registry.close()
    },
  }
}

/** Of an entity of the platform: the physical name, which readable naming keeps close to the logical one. */
export async function tableOf(fixture: Pick<Fixture, 'ownerQuery'>, entity: string): Promise<string> {
  const [row] = await fixture.ownerQuery(
    `select mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = 'platform' and v.state = 'live' order by v.version desc limit 1`,
  )
  const mapping = JSON.parse(String(row?.[0])) as { schema: string; entities: Record<string, { table: string }> }
  return `"${mapping.schema}"."${mapping.entities[entity]?.table}"`
}
