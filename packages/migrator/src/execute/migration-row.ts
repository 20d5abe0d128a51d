/** The row of a migration: all that a migrator has to know to go on where another one stopped. */
import type { Connection, Json, Statement } from '@backsaas/core'
import { BackSaasError, DatabaseError, invariant } from '@backsaas/core'
import type { MigrationPlan, Step } from '../plan/steps.ts'
import { query } from './migrator-transaction.ts'

export type MigrationPhase = 'expand' | 'backfill' | 'live' | 'contract' | 'done' | 'rollback' | 'rolled_back'
/** `waiting`: for something that passes. `blocked`: for rows that somebody has to correct. */
export type MigrationState = 'ready' | 'running' | 'waiting' | 'blocked' | 'failed' | 'ended'

/** What stands in the way, as data. */
export interface MigrationProblem {
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** Of rows: how many, and some of them. */
  readonly count?: number
  readonly samples?: readonly Json[]
  /** The one that is missing. */
  readonly hook?: string
}

export interface MigrationRow {
  readonly id: string
  readonly placementId: string
  readonly schemaId: string
  readonly ownerId: string
  readonly schema: string
  readonly fromVersion: number
  readonly toVersion: number
  readonly plan: MigrationPlan
  /** The document. */
  readonly source: string
  readonly phase: MigrationPhase
  readonly state: MigrationState
  /** The index of the step that is next. */
  readonly step: number
  readonly cursor: string | null
  readonly rowsDone: number
  readonly rowsTotal: number
  readonly problem: MigrationProblem | null
  /** Of a store that is brought what the default store has: the registry has the version already. */
  readonly follows: boolean
  /** The name of the store that follows; null of the default store. */
  readonly store: string | null
}

const COLUMNS = `id::text, placement_id::text, schema_id::text, owner_id::text, schema_name, from_version::text, to_version::text,
  plan, source, phase, state, step::text, step_cursor, rows_done::text, rows_total::text, problem, follows::text, store`

/** @throws `MIGRATION_UNKNOWN` (404). */
export async function readMigration(connection: Connection, id: string): Promise<MigrationRow> {
  const [row] = await query(connection, `select ${COLUMNS} from backsaas.migrations where id = $1`, [id])
  if (row) return toRow(row)
  throw new BackSaasError('MIGRATION_UNKNOWN', 404, `there is no migration ${id}`, {
    hint: '`backsaas status` lists them',
  })
}

/** All migrations of default stores, or those of one schema; the newest first. Those of stores that follow are their deliveries'. @param schema its name or id. */
export async function readMigrations(
  connection: Connection,
  schema: string | null,
  limit = 50,
): Promise<MigrationRow[]> {
  const rows = await query(
    connection,
    `select ${COLUMNS} from backsaas.migrations where ($1::text is null or $1 in (schema_name, schema_id::text)) and not follows order by created_at desc limit ${limit}`,
    [schema],
  )
  return rows.map(toRow)
}

/**
 * One that is not over. What other stores follow with is not for anybody to steer where the default store's is there.
 *
 * @param rows of one schema, the newest first.
 */
export function pickOpen(rows: readonly MigrationRow[], which: 'oldest' | 'newest'): MigrationRow | undefined {
  const open = rows.filter(({ phase }) => phase !== 'done' && phase !== 'rolled_back')
  const own = open.filter(({ follows }) => !follows)
  return (own.length > 0 ? own : open).at(which === 'oldest' ? -1 : 0)
}

function toRow(row: readonly (string | null)[]): MigrationRow {
  const [
    id,
    placementId,
    schemaId,
    ownerId,
    schema,
    from,
    to,
    plan,
    source,
    phase,
    state,
    step,
    cursor,
    done,
    total,
    problem,
    follows,
    store,
  ] = row
  invariant(plan, 'a migration holds its plan')
  return {
    id: String(id),
    placementId: String(placementId),
    schemaId: String(schemaId),
    ownerId: String(ownerId),
    schema: String(schema),
    fromVersion: Number(from),
    toVersion: Number(to),
    // Written by us, as are phase, state and problem.
    plan: JSON.parse(plan) as MigrationPlan,
    source: String(source),
    phase: phase as MigrationPhase,
    state: state as MigrationState,
    step: Number(step),
    cursor: cursor ?? null,
    rowsDone: Number(done),
    rowsTotal: Number(total),
    problem: problem ? (JSON.parse(problem) as MigrationProblem) : null,
    follows: follows === 'true',
    store: store ?? null,
  }
}

/** Who runs a migration, and as of which take-over. */
export interface Lease {
  readonly migrationId: string
  readonly owner: string
  readonly epoch: string
  readonly leaseMs: number
}

/**
 * Takes the lease where nobody has it; whoever had it before can commit nothing any more.
 *
 * @throws `MIGRATION_BUSY` (409) where another migrator has it.
 */
export async function takeLease(
  connection: Connection,
  migrationId: string,
  owner: string,
  leaseMs: number,
): Promise<Lease> {
  const [row] = await query(
    connection,
    `update backsaas.migrations set lease_owner = $2, lease_epoch = lease_epoch + 1,
       lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
     where id = $1 and (lease_owner = $2 or lease_until <= clock_timestamp()) returning lease_epoch::text`,
    [migrationId, owner, String(leaseMs)],
  )
  if (row) return { migrationId, owner, epoch: String(row[0]), leaseMs }
  throw new BackSaasError('MIGRATION_BUSY', 409, 'another migrator runs this migration', {
    hint: `it is free again ${Math.ceil(leaseMs / 1000)} seconds after the other one has died`,
  })
}

/** Raised by the guard of a lease that another migrator has taken over. */
const LOST = 'BS011'

/** Does what begins with a guard. @throws `LEASE_LOST` (409). */
export async function whileHeld<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.fields.sqlState !== LOST) throw error
    throw new BackSaasError('LEASE_LOST', 409, 'another migrator has taken over', {
      hint: 'nothing was done; leave it to the other',
    })
  }
}

/** @throws `LEASE_LOST` (409). */
export async function guard(connection: Connection, lease: Lease): Promise<void> {
  await whileHeld(() => connection.batch([guarding(lease)]))
}

/**
 * The first statement of everything that a migrator commits: the row is locked until the commit, so nobody takes over in
 * between; who has been taken over from fails here, and with it all that was sent behind it.
 *
 * @param change a checkpoint of the same transaction.
 */
export function guarding(lease: Lease, change: Checkpoint = {}): Statement {
  const { text, params } = renewal(lease, change)
  return {
    text: `with held as (${text} returning 1)
           select case when exists (select from held) then '' else backsaas.refuse('${LOST}', 'lease') end`,
    params,
    prepare: false,
  }
}

/** Keeps the lease while a statement takes long. */
export function renewal({ migrationId, owner, epoch, leaseMs }: Lease, change: Checkpoint = {}): Statement {
  const { sets, params } = changes(change, 5)
  const all = [
    'updated_at = clock_timestamp()',
    'lease_until = clock_timestamp() + make_interval(secs => $4::float8 / 1000)',
    ...sets,
  ]
  return {
    text: `update backsaas.migrations set ${all.join(', ')}
           where id = $1 and lease_owner = $2 and lease_epoch = $3`,
    params: [migrationId, owner, epoch, String(leaseMs), ...params],
    prepare: false,
  }
}

/** Lets the next migrator begin at once. */
export async function releaseLease(connection: Connection, { migrationId, owner, epoch }: Lease): Promise<void> {
  const text = `update backsaas.migrations set lease_owner = null, lease_until = '-infinity'
    where id = $1 and lease_owner = $2 and lease_epoch = $3`
  await connection.batch([{ text, params: [migrationId, owner, epoch], prepare: false }])
}

/** What a checkpoint may change; the rest stays. */
export interface Checkpoint {
  readonly phase?: MigrationPhase
  readonly state?: MigrationState
  readonly step?: number
  readonly cursor?: string | null
  readonly rowsDone?: number
  readonly rowsTotal?: number
  readonly problem?: MigrationProblem | null
  /** Older versions end before the time that they were promised: so do those of stores that follow. */
  readonly hurried?: true
}

/** To be committed with what it tells of. */
export function checkpoint({ migrationId }: Lease, change: Checkpoint): Statement {
  const { sets, params } = changes(change, 2)
  return {
    text: `update backsaas.migrations set ${sets.join(', ')} where id = $1`,
    params: [migrationId, ...params],
    prepare: false,
  }
}

/** @param first the number of its first parameter. */
function changes(change: Checkpoint, first: number): { readonly sets: string[]; readonly params: (string | null)[] } {
  const values: Readonly<Record<string, string | null | undefined>> = {
    phase: change.phase,
    state: change.state,
    step: change.step?.toString(),
    step_cursor: change.cursor,
    rows_done: change.rowsDone?.toString(),
    rows_total: change.rowsTotal?.toString(),
    problem: change.problem && JSON.stringify(change.problem),
    hurried: change.hurried?.toString(),
  }
  if (change.problem === null) Object.assign(values, { problem: null })
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  const types: Readonly<Record<string, string>> = {
    step: 'int',
    rows_done: 'bigint',
    rows_total: 'bigint',
    hurried: 'bool',
  }
  return {
    sets: given.map(([column], i) => `${column} = $${first + i}::${types[column] ?? 'text'}`),
    params: given.map(([, value]) => value ?? null),
  }
}

/** The phase that a migration is in with this step next. */
export function phaseAt(plan: MigrationPlan, step: number): MigrationPhase {
  const next: Step | undefined = plan.steps[step]
  if (!next) return 'done'
  if (next.kind === 'live') return 'backfill'
  // Live until somebody asks for the contract.
  return plan.steps[step - 1]?.kind === 'live' ? 'live' : next.phase
}

/** Whether the new version serves, or has served. */
export function isLive({ plan, step }: Pick<MigrationRow, 'plan' | 'step'>): boolean {
  return plan.steps.slice(0, step).some(({ kind }) => kind === 'live')
}
