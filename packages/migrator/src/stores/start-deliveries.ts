/** Delivers versions to stores, and states of tenants to the databases where they are missing: any number of processes may. */
import type { Observe } from '@backsaas/core'
import { MIGRATOR_SCOPE } from '../execute/migrator-transaction.ts'
import { createPlatformReader } from '../registry/platform.ts'
import { createAlarm } from '../waiting/alarm.ts'
import { faultTeller, toStderr } from '../waiting/faults.ts'
import { listenOrLook } from '../waiting/listen-or-look.ts'
import { createUnderWay } from '../waiting/under-way.ts'
import { advanceDelivery, nameOf } from './advance-delivery.ts'
import { DELIVERIES_CHANNEL, type Delivery, openDeliveries, type StoreStanding } from './delivery-row.ts'
import type { Fleet } from './fleet.ts'
import { type FencesTold, tellFences } from './tell-fences.ts'

export interface DeliveriesOptions {
  /** Those of one schema alone. Default: of all. */
  readonly schemaId?: string
  /**
   * How often it looks while something is on its way, and how long a look waits for stores that take long; without, eight times as long,
   * or until it is told of something. Default 1,000.
   * Stores that wait for the default one's contract are asked when something is told, and every ten minutes.
   */
  readonly intervalMs?: number
  /** Told of failures on our side; it goes on. Default: a line on stderr. */
  readonly observe?: Observe
}

export interface Deliveries {
  /** Ends after the steps under way. */
  close(): Promise<void>
}

/** Intervals. */
const ASKED_EVERY = 600

/** @example const deliveries = await startDeliveries(fleet) */
export async function startDeliveries(fleet: Fleet, options: DeliveriesOptions = {}): Promise<Deliveries> {
  const { intervalMs = 1000, observe = toStderr('deliveries') } = options
  const alarm = createAlarm()
  const stopping = new AbortController()
  const platformOf = createPlatformReader()
  const onFault = faultTeller(observe, 'DELIVERY_FAILED')
  const fences = createUnderWay<FencesTold>()
  const stores = createUnderWay<StoreStanding>()
  /** The deliveries that were not over. */
  const looked = new Set<string>()
  let askedAtMs = Number.NEGATIVE_INFINITY

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      // Whether or not it was told anything: what went wrong in a store by itself is to be seen some time.
      const everyStore = alarm.hasRung || Date.now() - askedAtMs >= intervalMs * ASKED_EVERY
      if (everyStore) askedAtMs = Date.now()
      alarm.set()
      const active = await look(everyStore).catch((error: unknown) => {
        onFault(error)
        return 1
      })
      if (!alarm.hasRung && !stopping.signal.aborted) await alarm.wait(active > 0 ? intervalMs : intervalMs * 8)
    }
  }

  /** @returns how many are on their way: not those that wait for somebody, which may be for weeks. */
  async function look(everyStore: boolean): Promise<number> {
    const telling = fences
      .within('', intervalMs, () => tellFences(fleet))
      .catch((error: unknown) => {
        onFault(error)
        return null
      })
    const connection = fleet.home.open(MIGRATOR_SCOPE, 'migrator')
    const open = await openDeliveries(connection, await platformOf(connection), options.schemaId)
    for (const id of looked) {
      if (open.some((one) => one.id === id)) continue
      stores.forget(nameOf({ id }))
      looked.delete(id)
    }
    const advance = async (delivery: Delivery): Promise<boolean> => {
      looked.add(delivery.id)
      const how = { underWay: stores, patienceMs: intervalMs, everyStore, signal: stopping.signal }
      const { state } = await advanceDelivery(fleet, delivery, how).catch((error: unknown) => {
        onFault(error)
        return delivery
      })
      return state === 'running' || state === 'returning'
    }
    const moving = (await Promise.all(open.map(advance))).filter((isMoving) => isMoving).length
    const told = await telling
    return moving + (told?.left ?? 1)
  }

  const stopListening = await listenOrLook(fleet.home, DELIVERIES_CHANNEL, alarm.ring, onFault)
  const looping = loop()
  let closed: Promise<void> | undefined
  return {
    close() {
      closed ??= (async () => {
        stopping.abort()
        alarm.ring()
        await stopListening?.()
        await looping
        await Promise.all([fences.end(), stores.end()])
      })()
      return closed
    },
  }
}
