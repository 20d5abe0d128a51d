/** How many statements an idle runtime sends, counted on the wire. */

import { setTimeout as delay } from 'node:timers/promises'
import { pg } from '@backsaas/adapters/databases/pg'
import { createRuntime } from '@backsaas/runtime'
import { startWireCounter } from '../../../tests/fixture/wire-counter.ts'
import type { World } from './world.ts'

export interface Idle {
  readonly seconds: number
  readonly statements: number
  /** One at most is to be reached. */
  readonly perLease: number
}

const LEASE_SECONDS = 5

export async function measureIdle(world: World, seconds: number): Promise<Idle> {
  const { slug, key } = await world.newTenant()
  const wire = await startWireCounter(world.url)
  const runtime = createRuntime({ database: pg(wire.url) })
  await runtime.ready()
  const ask = () => runtime.fetch(new Request(`http://localhost/t/${slug}/rest/v1/notes`, { headers: { apikey: key } }))
  await ask()
  // The next beat tells that the tenant is new.
  await delay(LEASE_SECONDS * 1000)
  await ask()
  wire.take()
  await delay(seconds * 1000)
  const { statements } = wire.take()
  await runtime.close()
  await wire.close()
  return { seconds, statements, perLease: statements / (seconds / LEASE_SECONDS) }
}
