/** Five runtimes, two migrators, a Postgres and a Redis, each a process that may be killed. */
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { bootstrap, createKey, createTenant, migrate } from '@backsaas/migrator'
import { policies } from '@backsaas/plugins/policies'
import { createPostgres, createRedis, type PrivatePostgres, type PrivateServer } from '../private-servers.ts'
import type { Tenant } from './clients.ts'
import { type Restartable, restartable } from './process.ts'

export interface World {
  readonly postgres: PrivatePostgres
  readonly redis: PrivateServer
  /** Both relay, one at a time, and share the jobs. */
  readonly migrators: readonly Restartable[]
  readonly runtimes: readonly Restartable[]
  readonly urls: readonly string[]
  /** Publishes its own schema. */
  readonly acme: Tenant
  /** Has a shared schema, which stays as it is. */
  readonly globex: Tenant
  remove(): Promise<void>
}

const RUNTIMES = 5
const MIGRATORS = 2
const CLI = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))

export async function createWorld(): Promise<World> {
  const [server, redis] = await Promise.all([createPostgres(), createRedis()])
  const tenants = await setUp(server.url)
  const common = { DATABASE_URL: server.url, REDIS_URL: redis.url, BACKSAAS_LOG: 'none', HOST: '127.0.0.1' }
  const all = await Promise.all(Array.from({ length: MIGRATORS + RUNTIMES }, freePort))
  const [healthPorts, ports] = [all.slice(0, MIGRATORS), all.slice(MIGRATORS)]
  const migrators = healthPorts.map((port) =>
    restartable([CLI, 'migrator'], { ...common, BACKSAAS_HEALTH_PORT: String(port) }, () =>
      isHealthy(`http://127.0.0.1:${port}`),
    ),
  )
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const runtimes = ports.map((port, i) =>
    restartable([CLI, 'serve'], { ...common, PORT: String(port) }, () => isHealthy(String(urls[i]))),
  )
  const processes = [...migrators, ...runtimes]
  const remove = async (): Promise<void> => {
    await Promise.all(processes.map((one) => one.kill()))
    await Promise.all([server.remove(), redis.remove()])
  }
  try {
    await Promise.all(processes.map((one) => one.start()))
  } catch (error) {
    await remove()
    throw error
  }
  return { postgres: server, redis, migrators, runtimes, urls, ...tenants, remove }
}

/** A document of `notes` with so many fields besides. */
export function notesSchema(name: string, fields: number): string {
  const more = Array.from({ length: fields }, (_, i) => `      f${i + 2}: { type: string }\n`).join('')
  return `schema: ${name}\nentities:\n  notes:\n    events: [created]\n    fields:\n      mark: { type: string, required: true }\n${more}`
}

async function setUp(url: string): Promise<{ acme: Tenant; globex: Tenant }> {
  const database = postgres(url)
  const { decide } = policies().access
  await bootstrap(database, { decide })
  await migrate(database, notesSchema('shared', 0), { decide })
  const make = async (slug: string, schemas: readonly string[]): Promise<Tenant> => {
    await createTenant(database, { slug, schemas })
    return { slug, key: (await createKey(database, { tenant: slug, name: 'five' })).key }
  }
  const tenants = { acme: await make('acme', []), globex: await make('globex', ['shared']) }
  await migrate(database, notesSchema('own', 0), { owner: 'acme', decide })
  await database.close?.()
  return tenants
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) }).then(
    (response) => response.ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
