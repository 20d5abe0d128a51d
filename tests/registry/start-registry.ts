/** A product with relay and worker beside its runtime, and callers of the registry at two tenants and at the platform. */
import {
  createKey,
  type MigrationsOptions,
  type Relay,
  type Rollouts,
  startMigrations,
  startRelay,
  startRollouts,
  startWorker,
  type Worker,
  type WorkerOptions,
} from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import type { Answer } from '../fixture/answer.ts'
import { type Caller, createCaller } from '../fixture/caller.ts'
import { type Fixture, type FixtureOptions, startFixture } from '../fixture/start-fixture.ts'

export interface Registry {
  readonly fixture: Fixture
  readonly worker: Worker
  readonly relay: Relay
  readonly rollouts: Rollouts
  readonly acme: RegistryCaller
  readonly globex: RegistryCaller
  readonly system: RegistryCaller
  newTenant(): Promise<RegistryCaller>
  /** A key of the tenant with other roles than `admin`. */
  withRoles(caller: RegistryCaller, ...roles: readonly string[]): Promise<RegistryCaller>
  close(): Promise<void>
}

export type Lend = () => Registry

/** A tenant's caller whose requests go to its registry. */
export interface RegistryCaller {
  readonly tenant: Caller
  /** Calls a function with arguments, or with a text as it is. */
  rpc(name: string, given: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  get(path: string): Promise<Answer>
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

/** What a runtime learns by an event, or by the age of what it knows. */
export const SOON = { timeout: 20_000 } as const

const PROFILE = { 'accept-profile': 'platform', 'content-profile': 'platform' }

/** @example const registry = await startRegistry({ database: 'pglite' }) */
export async function startRegistry(
  options: FixtureOptions,
  working: WorkerOptions = {},
  migrating: MigrationsOptions = {},
): Promise<Registry> {
  const fixture = await startFixture({
    schemas: [],
    ...options,
    runtime: { plugins: [policies()], ...options.runtime },
  })
  const { database } = fixture
  const relay = await startRelay(database, fixture.bus)
  const worker = await startWorker(database, { decide: policies().access.decide, ...working })
  const migrations = await startMigrations(database, migrating)
  const rollouts = await startRollouts(database, { intervalMs: 100 })
  const callerOf = async (slug: string, id: string, roles: readonly string[]): Promise<RegistryCaller> => {
    const { key } = await createKey(database, { tenant: slug, name: 'tests', roles })
    return registryCaller(createCaller({ slug, id, key, send: fixture.fetch }))
  }
  return {
    fixture,
    worker,
    relay,
    rollouts,
    acme: registryCaller(fixture.tenants.acme),
    globex: registryCaller(fixture.tenants.globex),
    system: await callerOf('system', '', ['admin']),
    newTenant: async () => registryCaller(await fixture.newTenant()),
    withRoles: ({ tenant }, ...roles) => callerOf(tenant.slug, tenant.id, roles),
    async close() {
      await rollouts.close()
      await migrations.close()
      await worker.close()
      await relay.close()
      await fixture.close()
    },
  }
}

export function registryCaller(tenant: Caller): RegistryCaller {
  return {
    tenant,
    rpc: (name, given, headers) => tenant.post(`/rpc/${name}`, given, { ...PROFILE, ...headers }),
    get: (path) => tenant.get(path, PROFILE),
    send: (method, path, body, headers) => tenant.send(method, path, body, { ...PROFILE, ...headers }),
  }
}

/** A small schema; `fields` are lines of it. */
export function schemaOf(name: string, ...fields: readonly string[]): string {
  const all = ['title: { type: string }', ...fields].map((field) => `      ${field}\n`).join('')
  return `# ${name}, by hand\nschema: ${name}\nentities:\n  notes:\n    fields:\n${all}`
}
