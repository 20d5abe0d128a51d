/** One store of a delivery a step further, whatever happens: what goes wrong is how it stands. */
import { BackSaasError, type Connection, DatabaseError } from '@backsaas/core'
import { convergePlacement } from '../execute/converge-placement.ts'
import type { MigrationProblem, MigrationRow } from '../execute/migration-row.ts'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { valueless } from '../execute/valueless.ts'
import { type Brought, bringVersion } from './bring-version.ts'
import type { StoreStanding } from './delivery-row.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { checkIdentity, type Identity } from './identity.ts'
import type { Lead, VersionContent } from './lead.ts'
import { mirrorPlacement } from './mirror-placement.ts'
import type { Placement } from './store-rows.ts'
import { withdraw } from './withdraw.ts'

export interface Delivering {
  readonly fleet: Fleet
  /** Of home. */
  readonly identity: Identity
  readonly lead: Lead
  readonly content: (version: number) => Promise<VersionContent>
  /** The version of the delivery. */
  readonly version: number
  /** Whether it is taken back. */
  readonly returns: boolean
  /** Aborted where this process is to stop: it waits for no other one then. */
  readonly signal: AbortSignal
}

/** @param before how it stood when last it was looked at. */
export async function bringStore(
  delivering: Delivering,
  { id, store }: Placement,
  before: StoreStanding | undefined,
): Promise<StoreStanding> {
  const { fleet, identity, lead, content, version: wanted, returns, signal } = delivering
  const named = { store: store.name, database: store.database }
  try {
    const database = databaseOf(fleet, store.database)
    const { database: name } = store
    if (name !== null)
      await migratorTransaction(database, (connection: Connection) => checkIdentity(connection, identity, name))
    const place = { placementId: id, storeId: store.id, store: store.name }
    const brought = await bringVersion(database, place, lead, content, returns ? wanted : null)
    if ((returns || wasTakenBack(lead, wanted)) && brought.version === wanted && !openTo(brought, wanted))
      await withdraw(fleet.home, database, place, wanted)
    if (brought.version >= wanted && before?.state !== 'live') await convergePlacement(database, id, signal)
    if (name !== null) await mirrorPlacement(fleet.home, database, name, id)
    return { ...named, ...standingOf(brought, lead, wanted) }
  } catch (error) {
    return { ...named, version: null, ...fault(error) }
  }
}

function standingOf({ version, open }: Brought, lead: Lead, wanted: number): Omit<StoreStanding, 'store' | 'database'> {
  const leading = openTo({ open }, wanted)
  const migration = leading ?? (version < wanted ? open[0] : undefined)
  const shown = {
    version,
    ...(migration && { migration: shownMigration(migration) }),
    ...(migration?.problem && { problem: migration.problem }),
  }
  const isGone = lead.versions.find((one) => one.version === wanted)?.state === 'retired'
  if (isGone && version < wanted && !leading) return { ...shown, state: 'rolled_back' }
  if (version >= wanted) return { ...shown, state: leading || contractsYet(lead, wanted) ? 'live' : 'done' }
  const failed = migration?.state === 'blocked' || migration?.state === 'failed'
  return { ...shown, state: failed ? 'failed' : 'migrating' }
}

/** One to an older version may wait for its contract while this one comes and goes. */
function openTo({ open }: Pick<Brought, 'open'>, wanted: number): MigrationRow | undefined {
  return open.find(({ fromVersion, toVersion }) => fromVersion < wanted && wanted <= toVersion)
}

/** By a deliverer that had not seen it, a version may have come to a store after that. */
function wasTakenBack({ migrations }: Lead, wanted: number): boolean {
  return migrations.some(
    ({ toVersion, phase }) => toVersion === wanted && (phase === 'rollback' || phase === 'rolled_back'),
  )
}

/** Whether the default store has still to contract with it. */
function contractsYet({ migrations }: Lead, wanted: number): boolean {
  return migrations.some(
    ({ toVersion, phase }) => toVersion === wanted && !['done', 'rollback', 'rolled_back'].includes(phase),
  )
}

function shownMigration({
  id,
  phase,
  step,
  plan,
  rowsDone,
  rowsTotal,
}: MigrationRow): NonNullable<StoreStanding['migration']> {
  return { id, phase, step: step + 1, steps: plan.steps.length, rows_done: rowsDone, rows_total: rowsTotal }
}

/** What cannot be reached is tried again; what is refused is for somebody. */
function fault(error: unknown): {
  readonly state: 'failed' | 'unreachable' | 'migrating'
  readonly problem: MigrationProblem
} {
  if (error instanceof DatabaseError) {
    const away = error.fields.sqlState.startsWith('08') || error.fields.sqlState.startsWith('57P')
    return {
      state: away ? 'unreachable' : 'failed',
      problem: {
        code: away ? 'STORE_UNREACHABLE' : 'STORE_FAILED',
        message: valueless(error),
        hint: 'it is tried again',
      },
    }
  }
  if (!(error instanceof BackSaasError)) throw error
  const { code, message, hint, status } = error
  const problem = { code, message, ...(hint && { hint }) }
  // One before it has still to end there, as it has in the default store.
  if (code === 'MIGRATION_OPEN') return { state: 'migrating', problem }
  return { state: status === 503 ? 'unreachable' : 'failed', problem }
}
