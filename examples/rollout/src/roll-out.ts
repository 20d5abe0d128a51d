/** The story: version 1 to 2 with a breaking change, acme first and globex pinned; then a version 3 that does not hold. */
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { memory } from '@backsaas/adapters/buses/memory'
import { BackSaasError, type Database, type JsonObject } from '@backsaas/core'
import {
  createKey,
  createTenant,
  listRollouts,
  migrate,
  migrationStatus,
  pinInstall,
  runMigration,
  startRelay,
  startRollouts,
  steerRollout,
  unpinInstall,
} from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { createRuntime } from '@backsaas/runtime'
import { type Client, startClient } from './client.ts'
import { planted } from './planted.ts'

export const TENANTS = ['acme', 'globex', 'initech', 'umbrella', 'hooli'] as const

export interface Story {
  /** How both roll-outs ended. */
  readonly second: JsonObject
  readonly third: JsonObject
  /** Who held the contract back, as the migrator says it. */
  readonly heldBack: string
  /** Statuses other than 200 and 201, by tenant. */
  readonly refused: Readonly<Record<string, readonly (readonly [status: number, count: number])[]>>
  readonly lost: readonly string[]
}

/** @param tell is given a line for each thing that happens. */
export async function rollOut(database: Database, tell: (line: string) => void): Promise<Story> {
  const curated = functions([planted])
  const options = { functions: curated.functions, report: (): void => undefined }
  await migrate(database, await version('v1'), options)
  const bus = memory()
  const runtime = createRuntime({ database, bus, plugins: [curated], beat: { leaseMs: 250 } })
  await runtime.ready()
  const relay = await startRelay(database, bus)
  const rollouts = await startRollouts(database, { intervalMs: 100 })
  const clients = await startClients(database, (key) => startClient(runtime, key))
  try {
    // Whose install moves gets the app that was made for it.
    await bus.subscribe?.(async ({ type, tenantid }) => {
      const client = clients.get(tenantid)
      if (client && ['install.updated', 'install.unpinned'].includes(type)) client.release = 2
    })
    return await play()
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()))
    await rollouts.close()
    await relay.close()
    await runtime.close()
  }

  async function play(): Promise<Story> {
    await pinInstall(database, { tenant: 'globex', profile: 'crm', until: '30d', reason: 'their audit' })
    tell('globex is pinned to version 1')
    await migrate(database, await version('v2'), { ...options, hold: true })
    tell('version 2 serves beside version 1, and nobody has it')
    const first = { where: "slug == 'acme'" }
    const second = await follow(database, tell, { waves: [first, 50, 100], bake: '2s', gates: { min_requests: 20 } })
    const heldBack = (await contract(database)) ?? 'nobody'
    tell(`the end of version 1 waits: ${heldBack}`)
    await unpinInstall(database, { tenant: 'globex', profile: 'crm' })
    // Their app follows.
    await delay(1000)
    await contract(database)
    tell('globex is unpinned, and version 1 is gone')
    await migrate(database, await version('v3'), { ...options, hold: true })
    tell('version 3 serves; it fails for one in ten')
    const third = await follow(database, tell, { waves: [first, 100], bake: '30s', gates: { min_requests: 30 } })
    const statuses = [...clients].map(([id, { statuses: all }]) => [id, [...all].filter(([s]) => s > 201)] as const)
    return {
      second,
      third,
      heldBack,
      refused: Object.fromEntries(statuses),
      lost: [...clients.values()].flatMap(({ lost }) => lost),
    }
  }
}

async function startClients(database: Database, start: (key: string) => Client): Promise<Map<string, Client>> {
  const clients = new Map<string, Client>()
  for (const slug of TENANTS) {
    const { id } = await createTenant(database, { slug, name: slug, schemas: ['crm'] })
    const { key } = await createKey(database, { tenant: slug, name: 'app' })
    clients.set(id, start(key))
  }
  return clients
}

/** Starts a roll-out and tells how it goes, to its end. */
async function follow(database: Database, tell: (line: string) => void, how: JsonObject): Promise<JsonObject> {
  await steerRollout(database, 'start_rollout', { schema: 'crm', ...how })
  for (let told = ''; ; await delay(100)) {
    const [row] = await listRollouts(database, 'crm')
    if (!row) throw new Error('there is no roll-out')
    const { from_version: from, to_version: to, state, wave, moved, total, pinned, problem } = row
    const why = problem ? `: ${(problem as JsonObject).message}` : ''
    const line = `${from} → ${to}: ${state}, wave ${Number(wave) + 1}, ${moved} of ${total} have it, ${pinned} pinned${why}`
    if (line !== told) tell(line)
    told = line
    if (['done', 'halted', 'aborted'].includes(String(state))) return row
  }
}

/** Asks for the end of the migration, and answers who is in its way; null where it is done. */
async function contract(database: Database): Promise<string | null> {
  const [migration] = await migrationStatus(database, { schema: 'crm' })
  if (!migration) throw new Error('there is no migration')
  try {
    const how = { until: 'done', now: true, token: migration.token ?? '', giveUpAfterMs: 500 } as const
    await runMigration(database, migration.id, how)
    return null
  } catch (error) {
    if (error instanceof BackSaasError) return error.message
    throw error
  }
}

function version(name: string): Promise<string> {
  return readFile(new URL(`${name}.yaml`, import.meta.url), 'utf8')
}
