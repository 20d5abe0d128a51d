/** A delivery as it stands in the platform's `deliveries`: a version that goes to the other stores of its schema. */
import {
  BackSaasError,
  type Connection,
  DEFAULT_STORE_ID,
  type Json,
  type JsonObject,
  PLATFORM_SCHEMA_ID,
  type Statement,
  uuidv7,
} from '@backsaas/core'
import type { MigrationPhase, MigrationProblem } from '../execute/migration-row.ts'
import { query, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { insertRow, type Platform, type TableNames, tableNames } from '../registry/platform.ts'

/** How a version goes to the stores of its schema. */
export interface DeliveryPlan {
  /** Stores that are brought it at once. Default 4. */
  readonly concurrency?: number
  /** Whether a store where it fails, or that cannot be reached, keeps those after it from beginning. Default `halt`. */
  readonly onError?: 'halt' | 'continue'
}

export type DeliveryState = 'running' | 'halted' | 'live' | 'returning' | 'done' | 'rolled_back'

/** `pending`: not begun. `migrating`: on its way. `live`: served there. `done`: and nothing of older versions is left. */
export type StoreState = 'pending' | 'migrating' | 'live' | 'done' | 'failed' | 'unreachable' | 'rolled_back'

/** How one store stands. */
export interface StoreStanding {
  readonly store: string
  /** Null of home's. */
  readonly database: string | null
  readonly state: StoreState
  /** The newest that serves there; null where that is not known. */
  readonly version: number | null
  readonly migration?: {
    readonly id: string
    readonly phase: MigrationPhase
    readonly step: number
    readonly steps: number
    readonly rows_done: number
    readonly rows_total: number
  }
  /** Why it does not go on. */
  readonly problem?: MigrationProblem
}

export interface Delivery {
  readonly id: string
  readonly ownerId: string
  readonly schemaId: string
  readonly schema: string
  readonly version: number
  readonly state: DeliveryState
  readonly concurrency: number
  readonly onError: 'halt' | 'continue'
  readonly stores: readonly StoreStanding[]
  /** When somebody last looked at its stores, as the database writes it. */
  readonly updatedAt: string
}

const DEFAULTS = { concurrency: 4, onError: 'halt' } as const
const OPEN = `('running', 'halted', 'live', 'returning')`

/**
 * Written with the version, in its transaction; nothing where the schema stands in the default store alone, nor of the platform's
 * own, which every database has for itself.
 *
 * @throws `DELIVERY_INVALID` (422).
 */
export async function openDelivery(
  connection: Connection,
  platform: Platform,
  what: { readonly ownerId: string; readonly schemaId: string; readonly schema: string; readonly version: number },
  plan: DeliveryPlan = {},
): Promise<void> {
  checkPlan(plan)
  const { concurrency = DEFAULTS.concurrency, onError = DEFAULTS.onError } = plan
  if (what.schemaId === PLATFORM_SCHEMA_ID) return
  const others = await query(
    connection,
    'select 1 from backsaas.placements where schema_id = $1 and store_id <> $2 limit 1',
    [what.schemaId, DEFAULT_STORE_ID],
  )
  if (others.length === 0 || !hasDeliveries(platform)) return
  const open = await openDeliveries(connection, platform, what.schemaId)
  const same = open.find(({ version }) => version === what.version)
  if (same) {
    // A store has come that does not have it: whoever looks sees so from now on.
    const { table, column } = tableNames(platform, 'deliveries')
    const text = `update ${table} set ${column('state')} = 'running' where ${column('id')} = $1 and ${column('state')} = 'live'`
    await connection.batch([{ text, params: [same.id], prepare: false }, tellDeliverers()])
    return
  }
  await connection.batch([
    insertRow(platform, 'deliveries', what.ownerId, {
      id: uuidv7(),
      schema_id: what.schemaId,
      schema_name: what.schema,
      version: String(what.version),
      concurrency: String(concurrency),
      on_error: onError,
      stores: '[]',
    }),
    tellDeliverers(),
  ])
}

/** @throws `DELIVERY_INVALID` (422). */
export function checkPlan({ concurrency = DEFAULTS.concurrency }: DeliveryPlan): void {
  if (Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= 64) return
  throw new BackSaasError('DELIVERY_INVALID', 422, `${concurrency} stores cannot be brought a version at once`, {
    hint: 'say how many, 1 to 64',
  })
}

/** Those of the schema that are not over go on as the plan says, where it says something. */
export function changeDeliveries(
  platform: Platform,
  schemaId: string,
  { concurrency, onError }: DeliveryPlan,
): Statement[] {
  if (!hasDeliveries(platform)) return []
  const { table, column } = tableNames(platform, 'deliveries')
  return [
    {
      text: `update ${table} set ${column('concurrency')} = coalesce($2::int, ${column('concurrency')}),
               ${column('on_error')} = coalesce($3, ${column('on_error')})
             where ${column('schema_id')} = $1 and ${column('state')} in ${OPEN}`,
      params: [schemaId, concurrency?.toString() ?? null, onError ?? null],
      prepare: false,
    },
  ]
}

/** Told that there is something to deliver. */
export const DELIVERIES_CHANNEL = 'backsaas_deliveries'

export function tellDeliverers(): Statement {
  return { text: `select pg_notify('${DELIVERIES_CHANNEL}', '')`, params: [], prepare: false }
}

/** Of a database that an older release set up and none has upgraded yet. */
export function hasDeliveries(platform: Platform): boolean {
  return Object.hasOwn(platform.compiled.entities, 'deliveries')
}

/** Those that are not over, the oldest first. @param schemaId of one schema alone. */
export async function openDeliveries(
  connection: Connection,
  platform: Platform,
  schemaId?: string,
): Promise<readonly Delivery[]> {
  if (!hasDeliveries(platform)) return []
  const names = tableNames(platform, 'deliveries')
  const { table, column } = names
  const [, result] = await connection.batch([
    ROW_SECURITY,
    {
      text: `select ${deliveryColumns(names)} from ${table}
             where ${column('state')} in ${OPEN} and ($1::uuid is null or ${column('schema_id')} = $1)
             order by ${column('version')}, ${column('id')}`,
      params: [schemaId ?? null],
    },
  ])
  return (result?.rows ?? []).map(toDelivery)
}

/** The newest of each schema, or of one. @param schema its name or id. @param version that one alone. */
export async function readDeliveries(
  connection: Connection,
  platform: Platform,
  schema: string | null,
  version: number | null = null,
): Promise<readonly Delivery[]> {
  if (!hasDeliveries(platform)) return []
  const names = tableNames(platform, 'deliveries')
  const { table, column } = names
  const rows = await query(
    connection,
    `select distinct on (${column('schema_id')}) ${deliveryColumns(names)} from ${table}
     where ($1::text is null or $1 in (${column('schema_name')}, ${column('schema_id')}::text))
       and ($2::int is null or ${column('version')} = $2)
     order by ${column('schema_id')}, ${column('version')} desc, ${column('id')} desc`,
    [schema, version?.toString() ?? null],
  )
  return rows.map(toDelivery)
}

/**
 * Rows of others, who have installed a shared schema, are counted and not shown to its owner, as in `migrations`; who has it pinned is no
 * row of theirs.
 */
function shownTo(ownerId: string, standing: StoreStanding): StoreStanding {
  const { problem } = standing
  if (!problem?.samples || problem.code === 'INSTALLS_PINNED') return standing
  const samples = problem.samples.filter((one) => isObject(one) && one.tenant_id === ownerId)
  return { ...standing, problem: { ...problem, samples } }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Writes how it stands, for its owner to read; what several deliverers have seen at the same time is the same. */
export function noteDelivery(
  platform: Platform,
  { id, ownerId }: Delivery,
  state: DeliveryState,
  stores: readonly StoreStanding[],
  problem: MigrationProblem | null,
): Statement {
  const { table, tenant, column } = tableNames(platform, 'deliveries')
  const over = state === 'done' || state === 'rolled_back'
  const shown = stores.map((one) => shownTo(ownerId, one))
  return {
    text: `update ${table} set ${column('state')} = $3, ${column('stores')} = $4, ${column('problem')} = $5,
             ${column('updated_at')} = clock_timestamp()${over ? `, ${column('finished_at')} = clock_timestamp()` : ''}
           where ${tenant} = $1 and ${column('id')} = $2 and ${column('state')} in ${OPEN}
             and not (${column('state')} = 'returning' and $3 in ('running', 'halted', 'live'))`,
    params: [ownerId, id, state, JSON.stringify(shown), problem ? JSON.stringify(problem) : null],
    prepare: false,
  }
}

/** From now on it is taken back in every store. */
export function returnDelivery(platform: Platform, schemaId: string, version: number): Statement[] {
  if (!hasDeliveries(platform)) return []
  const { table, column } = tableNames(platform, 'deliveries')
  return [
    {
      text: `update ${table} set ${column('state')} = 'returning', ${column('updated_at')} = clock_timestamp()
             where ${column('schema_id')} = $1 and ${column('version')} = $2 and ${column('state')} in ${OPEN}`,
      params: [schemaId, String(version)],
      prepare: false,
    },
    tellDeliverers(),
  ]
}

const FIELDS = [
  ...['id', 'schema_id', 'schema_name', 'version', 'state', 'concurrency', 'on_error', 'stores', 'updated_at'],
] as const

export function deliveryColumns({ tenant, column }: TableNames): string {
  return [`${tenant}::text`, ...FIELDS.map((field) => `${column(field)}::text`)].join(', ')
}

export function toDelivery(row: readonly (string | null)[]): Delivery {
  const [ownerId, id, schemaId, schema, version, state, concurrency, onError, stores, updatedAt] = row.map(String)
  return {
    id: String(id),
    ownerId: String(ownerId),
    schemaId: String(schemaId),
    schema: String(schema),
    version: Number(version),
    state: state as DeliveryState, // the field's values
    concurrency: Number(concurrency),
    onError: onError === 'continue' ? 'continue' : 'halt',
    stores: JSON.parse(String(stores)) as Json as unknown as StoreStanding[], // as `noteDelivery` wrote it
    updatedAt: String(updatedAt),
  }
}
