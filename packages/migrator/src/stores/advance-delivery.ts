/**
 * A delivery a step further: each store is looked at, those that are on their way are told what is wanted, and as many more begin as
 * may. Any number of processes may do so at once, since every step of a store is safe to repeat. A store where that takes long is gone on
 * with while others are looked at, and stands as it did meanwhile.
 */

import type { MigrationProblem } from '../execute/migration-row.ts'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { readPlatform } from '../registry/platform.ts'
import type { UnderWay } from '../waiting/under-way.ts'
import { bringStore, type Delivering } from './bring-store.ts'
import { type Delivery, type DeliveryState, noteDelivery, type StoreStanding } from './delivery-row.ts'
import type { Fleet } from './fleet.ts'
import { readIdentity } from './identity.ts'
import { type Lead, readContent, readLead, type VersionContent } from './lead.ts'
import { type Placement, readPlacements } from './store-rows.ts'

export interface Look {
  /** What of stores is under way in this process, by `nameOf`. */
  readonly underWay: UnderWay<StoreStanding>
  /** How long stores are waited for, all in all. */
  readonly patienceMs: number
  /** False where stores need not be asked while they all wait for the default one. */
  readonly everyStore: boolean
  /** Aborted where this process is to stop. */
  readonly signal: AbortSignal
}

/** The beginning of the names of what is under way for a delivery. */
export function nameOf({ id }: Pick<Delivery, 'id'>): string {
  return `${id} `
}

/** @returns how it stands then. */
export async function advanceDelivery(fleet: Fleet, delivery: Delivery, look: Look): Promise<Delivery> {
  const { lead, placements, identity } = await migratorTransaction(fleet.home, async (connection) => {
    const platform = await readPlatform(connection)
    return {
      identity: await readIdentity(connection),
      lead: await readLead(connection, platform, delivery.schemaId),
      placements: await readPlacements(connection, platform, delivery.schemaId),
    }
  })
  if (!lead) return delivery
  const others = placements.filter(({ id }) => id !== lead.placementId)
  const known = new Map(delivery.stores.map((one) => [one.store, one]))
  if (!look.everyStore && others.every(({ store }) => waitsForLead(delivery, known.get(store.name), lead))) {
    // Whatever it comes to is old by the time it is asked for.
    look.underWay.forget(nameOf(delivery))
    return delivery
  }
  const leads = lead.versions.find(({ version }) => version === delivery.version)?.state
  const begins = delivery.state !== 'returning' && leads === 'live'
  const returns = delivery.state === 'returning'
  const { version } = delivery
  const delivering: Delivering = {
    fleet,
    identity,
    lead,
    content: contents(fleet, lead),
    version,
    returns,
    signal: look.signal,
  }
  const stores = await bringAll(delivering, delivery, others, known, begins, look)
  const { state, problem } = judge(delivery, stores, lead)
  await migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([noteDelivery(await readPlatform(connection), delivery, state, stores, problem)])
  })
  return { ...delivery, state, stores }
}

/** Both versions serve there as they do in the default store, until somebody has that one contract or go back: it may be for weeks. */
function waitsForLead(
  { state, version }: Delivery,
  known: StoreStanding | undefined,
  { versions, migrations }: Lead,
): boolean {
  const isThere = known?.problem === undefined && (known?.state === 'live' || known?.state === 'done')
  const leads = versions.find((one) => one.version === version)?.state
  // What it was last seen with may have gone since.
  const isCurrent = versions.find((one) => one.version === known?.version)?.state === 'live'
  const later = migrations.filter(({ toVersion }) => toVersion >= version)
  const waits = later.some(({ toVersion }) => toVersion === version) && later.every(({ contracts }) => !contracts)
  return state === 'live' && isThere && isCurrent && leads === 'live' && waits
}

/** Those that have begun first, all at once; then as many of the others as there is room for, in their order. */
async function bringAll(
  delivering: Delivering,
  delivery: Delivery,
  placements: readonly Placement[],
  known: ReadonlyMap<string, StoreStanding>,
  begins: boolean,
  { underWay, patienceMs }: Look,
): Promise<readonly StoreStanding[]> {
  const { concurrency, onError } = delivery
  const standing = new Map<string, StoreStanding>()
  const until = Date.now() + patienceMs
  // What goes forward yet is not waited for where all goes back.
  const named = ({ id }: Placement): string => `${nameOf(delivery)}${id} ${delivering.returns}`
  const bring = async (placement: Placement): Promise<void> => {
    const { store } = placement
    const before = known.get(store.name)
    const begin = (): Promise<StoreStanding> => bringStore(delivering, placement, before)
    const brought = await underWay.within(named(placement), Math.max(0, until - Date.now()), begin)
    const meanwhile = before && before.state !== 'pending' ? before : { ...pending(store), state: 'migrating' as const }
    standing.set(store.name, brought ?? meanwhile)
  }
  const hasBegun = (placement: Placement): boolean =>
    (known.get(placement.store.name)?.state ?? 'pending') !== 'pending' || underWay.has(named(placement))
  await Promise.all(
    placements.filter((one) => hasBegun(one) && !isSettled(known.get(one.store.name), delivering)).map(bring),
  )
  const queue = placements.filter((one) => !hasBegun(one))
  const all = (): readonly StoreStanding[] =>
    placements.map(({ store }) => standing.get(store.name) ?? known.get(store.name) ?? pending(store))
  // Who has it is not always known to have begun.
  if (delivering.returns) await Promise.all(queue.splice(0).map(bring))
  while (begins && queue.length > 0) {
    const now = all()
    if (onError === 'halt' && now.some(isFailed)) break
    const room = concurrency - now.filter(({ state }) => state === 'migrating').length
    const next = queue.splice(0, Math.max(room, 0))
    if (next.length === 0) break
    await Promise.all(next.map(bring))
  }
  return all()
}

function pending({ name, database }: Placement['store']): StoreStanding {
  return { store: name, database, state: 'pending', version: null }
}

function isFailed({ state }: StoreStanding): boolean {
  return state === 'failed' || state === 'unreachable'
}

/** Nothing can happen to it any more. */
function isSettled(one: StoreStanding | undefined, { returns }: Delivering): boolean {
  return one?.state === 'rolled_back' || (one?.state === 'done' && !returns)
}

function judge(
  { version, onError, state: before }: Delivery,
  stores: readonly StoreStanding[],
  lead: Lead,
): { readonly state: DeliveryState; readonly problem: MigrationProblem | null } {
  const failed = stores.filter(isFailed)
  const problem = failed[0] ? problemOf(failed, onError) : null
  const leads = lead.versions.find((one) => one.version === version)?.state
  const nobody = stores.every(
    ({ state, version: has }) => state === 'rolled_back' || state === 'pending' || (has ?? 0) > version,
  )
  // Where a newer one took its place, it was not taken back: unless that came after.
  const isReplaced =
    before !== 'returning' && lead.versions.some((one) => one.version > version && one.state === 'live')
  if (leads === 'retired' && nobody && !isReplaced) return { state: 'rolled_back', problem: null }
  if (before === 'returning') return { state: 'returning', problem }
  if (stores.every(({ state }) => state === 'done')) return { state: 'done', problem: null }
  if (stores.every(({ state }) => state === 'live' || state === 'done')) return { state: 'live', problem }
  return { state: failed.length > 0 && onError === 'halt' ? 'halted' : 'running', problem }
}

function problemOf(failed: readonly StoreStanding[], onError: 'halt' | 'continue'): MigrationProblem {
  const [first] = failed
  const others = failed.length > 1 ? `, and ${failed.length - 1} more` : ''
  return {
    code: first?.problem?.code ?? 'STORE_FAILED',
    message: `store ${first?.store}${others}: ${first?.problem?.message ?? 'it failed'}`,
    hint:
      onError === 'halt'
        ? 'no other store begins before it goes on; it does by itself once nothing is in its way'
        : 'it goes on by itself once nothing is in its way; the other stores do not wait',
    count: failed.length,
    samples: failed.slice(0, 5).map(({ store, state, problem }) => ({ store, state, code: problem?.code ?? null })),
  }
}

/** Each version is read once. */
function contents({ home }: Fleet, lead: Lead): (version: number) => Promise<VersionContent> {
  const known = new Map<number, Promise<VersionContent>>()
  return (version) => {
    const read = (): Promise<VersionContent> =>
      migratorTransaction(home, async (connection) =>
        readContent(connection, await readPlatform(connection), lead, version),
      )
    const found = known.get(version) ?? read()
    known.set(version, found)
    return found
  }
}
