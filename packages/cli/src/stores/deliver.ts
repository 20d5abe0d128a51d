/** Brings a version to the other stores of its schema in this process, and says how it goes. */
import { setTimeout as delay } from 'node:timers/promises'
import { BackSaasError } from '@backsaas/core'
import type { Delivery, DeliveryState, Fleet, RunOptions } from '@backsaas/migrator'
import type { Io } from '../io.ts'
import { deliveryJson, deliveryLines } from './delivery-lines.ts'

/**
 * What a migrator process runs of a schema in a fleet, for as long as `work` takes: nothing where it has one store. Other schemas are left
 * alone, as what was said was not said of them.
 *
 * @param how stores follow as the default store goes: what converts rows, and what older versions are promised.
 */
export async function withDeliverers<T>(
  fleet: Fleet,
  schemaId: string,
  { hooks, drainMs }: Pick<RunOptions, 'hooks' | 'drainMs'>,
  work: () => Promise<T>,
): Promise<T> {
  const { listStores, startDeliveries, startMigrations } = await import('@backsaas/migrator')
  if ((await listStores(fleet.home)).length < 2) return work()
  const { home, named } = fleet
  const how = { schemaId, intervalMs: 1000, home, ...(hooks && { hooks }), ...(drainMs !== undefined && { drainMs }) }
  const running = [
    await startDeliveries(fleet, { schemaId, intervalMs: 500 }),
    ...(await Promise.all([home, ...Object.values(named)].map((one) => startMigrations(one, how)))),
  ]
  try {
    return await work()
  } finally {
    await Promise.all(running.map((one) => one.close()))
  }
}

/** Told of a delivery: a line for each store whenever something has changed, to standard error; JSON lines with `--json`. */
export function deliveryTeller(io: Io, asJson: boolean): (delivery: Delivery) => void {
  let told = ''
  return (delivery) => {
    if (delivery.stores.length === 0) return
    const now = asJson ? JSON.stringify(deliveryJson(delivery)) : deliveryLines(delivery).join('\n')
    if (now !== told) io.err(now)
    told = now
  }
}

const LOOK_MS = 300
/** What a connection or a lock keeps it from is over at one of the next looks. */
const STUCK_LOOKS = 4

/** A version of a schema. */
export interface Delivered {
  readonly schemaId: string
  readonly version: number
  /** As commands are to call the schema; its name unless given. */
  readonly called?: string
}

/**
 * Until the version, or what is newer where that one was not brought to them, stands so in every store.
 *
 * @returns null where no other store has been brought it: there is none, or it came there with the first install.
 * @throws `DELIVERY_HALTED` (409) where a store keeps the others from going on, or those that are left cannot; `DELIVERY_OVER` (409)
 *   where the version is taken back meanwhile.
 */
export async function untilDelivered(
  fleet: Fleet,
  { schemaId, version, called }: Delivered,
  wanted: readonly DeliveryState[],
  tell: (delivery: Delivery) => void,
): Promise<Delivery | null> {
  const { listDeliveries } = await import('@backsaas/migrator')
  let [lookedAt, stuck] = ['', 0]
  for (;;) {
    const [own] = await listDeliveries(fleet.home, schemaId, version)
    const delivery = own ?? (await listDeliveries(fleet.home, schemaId))[0]
    if (!delivery || delivery.version < version) return null
    const goesBack = delivery.state === 'returning' || delivery.state === 'rolled_back'
    if (goesBack && delivery.version > version) return null
    tell(delivery)
    if (wanted.includes(delivery.state)) return delivery
    if (goesBack && !wanted.includes('rolled_back')) throw over(delivery, called)
    // As it stood before anybody looked is no news.
    if (lookedAt !== '' && delivery.updatedAt !== lookedAt) stuck = isStuck(delivery) ? stuck + 1 : 0
    lookedAt = delivery.updatedAt
    if (stuck >= STUCK_LOOKS) throw halted(delivery, called)
    await delay(LOOK_MS)
  }
}

/** Tells how a version is taken back in the stores, while `work` waits for them. */
export async function whileReturning<T>(
  fleet: Fleet,
  schemaId: string,
  tell: (delivery: Delivery) => void,
  work: () => Promise<T>,
): Promise<T> {
  const { listDeliveries } = await import('@backsaas/migrator')
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const [delivery] = await listDeliveries(fleet.home, schemaId).catch(() => [])
      if (delivery?.state === 'returning') tell(delivery)
      await delay(LOOK_MS)
    }
  })()
  try {
    return await work()
  } finally {
    isOver = true
    await watching
  }
}

/** Nothing is on its way, and something has failed. */
function isStuck({ state, stores }: Delivery): boolean {
  if (state !== 'halted' && state !== 'running') return false
  const moving = stores.some((one) => one.state === 'migrating' || (one.state === 'pending' && state === 'running'))
  return !moving && stores.some((one) => one.state === 'failed' || one.state === 'unreachable')
}

function halted({ schema, version, state, stores }: Delivery, called = schema): BackSaasError {
  const failed = stores.filter((one) => one.state === 'failed' || one.state === 'unreachable')
  const [first] = failed
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''
  const { message = String(first?.state), hint } = first?.problem ?? {}
  const isMigrated = stores.some(({ migration }) => migration !== undefined)
  return new BackSaasError(
    'DELIVERY_HALTED',
    409,
    `version ${version} of ${schema} is not in every store: ${first?.store}: ${message}${others}`,
    {
      hint: [
        ...(hint ? [hint] : []),
        `\`backsaas migrate --resume ${called}\` goes on, as a migrator process does by itself`,
        ...(isMigrated ? [`the way back: \`backsaas rollback ${called}\``] : []),
      ].join('; '),
      details: { state, stores: failed.map(({ store, problem }) => ({ store, code: problem?.code ?? null })) },
    },
  )
}

function over({ schema, version, state }: Delivery, called = schema): BackSaasError {
  const what = state === 'returning' ? 'is being taken back' : 'was taken back'
  return new BackSaasError('DELIVERY_OVER', 409, `version ${version} of ${schema} ${what}`, {
    hint: `\`backsaas rollback ${called}\` goes on with that; publish the document again to begin anew`,
  })
}
