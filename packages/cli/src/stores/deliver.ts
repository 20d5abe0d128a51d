/** Brings a version to the other stores of its schema in this process, and says how it goes. */
import { BackSaasError } from '@backsaas/core'
import type { Delivery, DeliveryState, Fleet } from '@backsaas/migrator'
import type { Io } from '../io.ts'
import { deliveryLines } from './delivery-lines.ts'

/** What a migrator process runs of a fleet, for as long as `work` takes: nothing where it has one store. */
export async function withDeliverers<T>(fleet: Fleet, work: () => Promise<T>): Promise<T> {
  const { listStores, startDeliveries, startMigrations } = await import('@backsaas/migrator')
  if ((await listStores(fleet.home)).length < 2) return work()
  const { home } = fleet
  const running = [
    await startDeliveries(fleet, { intervalMs: 500 }),
    await startMigrations(home, { intervalMs: 1000 }),
    ...(await Promise.all(Object.values(fleet.named).map((one) => startMigrations(one, { intervalMs: 1000, home })))),
  ]
  try {
    return await work()
  } finally {
    await Promise.all(running.map((one) => one.close()))
  }
}

const LOOK_MS = 300

/**
 * Until the schema's newest version stands so in every store.
 *
 * @returns null where the schema has no other store.
 * @throws `DELIVERY_HALTED` (409) where a store keeps the others from going on, or those that are left cannot.
 */
export async function untilDelivered(
  fleet: Fleet,
  schema: string,
  wanted: readonly DeliveryState[],
  io: Io,
  asJson: boolean,
): Promise<Delivery | null> {
  const { listDeliveries } = await import('@backsaas/migrator')
  let told = ''
  for (;;) {
    const delivery = (await listDeliveries(fleet.home, schema))[0]
    if (!delivery) return null
    const now = asJson ? JSON.stringify(deliveryJson(delivery)) : deliveryLines(delivery).join('\n')
    if (now !== told) io.err(now)
    told = now
    if (wanted.includes(delivery.state)) return delivery
    if (isStuck(delivery)) throw halted(delivery)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Nothing is on its way, and something has failed. */
function isStuck({ state, stores }: Delivery): boolean {
  if (state !== 'halted' && state !== 'running') return false
  const moving = stores.some((one) => one.state === 'migrating' || (one.state === 'pending' && state === 'running'))
  return !moving && stores.some((one) => one.state === 'failed' || one.state === 'unreachable')
}

function halted(delivery: Delivery): BackSaasError {
  const failed = delivery.stores.filter(({ state }) => state === 'failed' || state === 'unreachable')
  const [first] = failed
  const message = `version ${delivery.version} of ${delivery.schema} is not in every store: ${first?.store}: ${first?.problem?.message ?? first?.state}`
  return new BackSaasError('DELIVERY_HALTED', 409, message, {
    hint: `put it right, and it goes on by itself where the migrator runs; \`backsaas store status ${delivery.schema}\` shows it; the way back: \`backsaas rollback ${delivery.schema}\``,
    details: {
      state: delivery.state,
      stores: failed.map(({ store, problem }) => ({ store, code: problem?.code ?? null })),
    },
  })
}

export function deliveryJson({ id, schema, version, state, concurrency, onError, stores }: Delivery): object {
  return { id, schema, version, state, concurrency, on_error: onError, stores }
}
