/** The queue of rows that hooks have to look at: its trigger writes it, each row is compared and set, and then leaves it. */
import type { Connection } from '@backsaas/core'
import { DatabaseError, invariant } from '@backsaas/core'
import { identifier, literal } from '../plan/quote.ts'
import type { HookColumn, HookStep, MigrationPlan } from '../plan/steps.ts'
import { parts, places, SKIP_TRIGGER } from './backfill-statements.ts'
import type { Values } from './call-hook.ts'
import type { HookRow } from './migration-hook.ts'
import { ddl, query } from './migrator-transaction.ts'
import type { Run } from './run.ts'

const BATCH_ROWS = 200

/** `up`: an older version has written the row, so that the newer one's columns follow. `down`: the other way. */
export type Side = 'up' | 'down'

export function otherSide(side: Side): Side {
  return side === 'up' ? 'down' : 'up'
}

/** A table whose rows are queued, once for all hooks that it has. */
export interface HookedTable extends Pick<HookStep, 'table' | 'entity' | 'key' | 'reads'> {
  readonly steps: readonly HookStep[]
}

export interface Queued {
  readonly key: string
  readonly side: Side
  /** Another one by the time that it is set: somebody has written the row meanwhile. */
  readonly n: string
  /** Null where the row is gone. */
  readonly row: HookRow | null
  /** What a version of the other side has written since; null where none has. */
  readonly later: Later | null
}

export interface Later {
  /** Quoted: they stay as they are. */
  readonly columns: readonly string[]
  /** As the other side sees it. */
  readonly row: HookRow
}

/** Which of the queue. */
export interface Place {
  readonly sides: readonly Side[]
  /** After this one. */
  readonly from: string
  /** Up to this one. */
  readonly upTo: string
}

/** What was made of a row; null where it is gone. */
export interface Made {
  readonly one: Queued
  readonly values: Values | null
}

export function hookedTables({ steps }: Pick<MigrationPlan, 'steps'>): HookedTable[] {
  const hooked = steps.filter((step): step is HookStep => step.kind === 'hook' && step.seeds)
  return hooked
    .filter(({ table }, i) => hooked.findIndex((one) => one.table === table) === i)
    .map(({ table, entity, key, reads }) => {
      return { table, entity, key, reads, steps: hooked.filter((one) => one.table === table) }
    })
}

/** The newest place in the queue of these tables: what comes later was written later, or at the same time. */
export async function lastPlace(connection: Connection, tables: readonly HookedTable[]): Promise<string> {
  if (tables.length === 0) return '0'
  const text = `select coalesce(max(n), 0)::text from backsaas.migration_keys where table_name in (${namesOf(tables)})`
  const [row] = await query(connection, text)
  return row?.[0] ?? '0'
}

/** @param upTo null for the whole queue. */
export async function isQueued(
  connection: Connection,
  tables: readonly HookedTable[],
  { sides, upTo = null }: { readonly sides: readonly Side[]; readonly upTo?: string | null },
): Promise<boolean> {
  if (tables.length === 0) return false
  const rows = await query(
    connection,
    `select 1::text from backsaas.migration_keys
     where table_name in (${namesOf(tables)}) and ${isOf(sides)} and n <= coalesce($1::bigint, n) limit 1`,
    [upTo],
  )
  return rows.length > 0
}

/** Where both sides have written, it is of either. */
function isOf(sides: readonly Side[]): string {
  return `(side in (${sides.map(literal).join(', ')}) or later is not null)`
}

function namesOf(tables: readonly HookedTable[]): string {
  return tables.map(({ table }) => literal(table)).join(', ')
}

export async function readQueue(
  connection: Connection,
  { table, key, reads }: HookedTable,
  { sides, from, upTo }: Place,
): Promise<Queued[]> {
  const row = (columns: readonly HookColumn[]): string =>
    `json_build_object(${columns.map(({ field, column }) => `${literal(field.name)}, ${asJson(field.type, `t.${column}`)}`).join(', ')})`
  const joined = key.map(({ column, type }, i) => `t.${column} = (k.row_key::json ->> ${i})::${type}`).join(' and ')
  const seen = (isOld: string): string =>
    `case when t.tenant_id is null then null when ${isOld} then ${row(reads.old)}::text else ${row(reads.new)}::text end`
  const rows = await query(
    connection,
    `select k.row_key, k.side, k.n::text, ${seen(`k.side = 'up'`)}, to_json(k.later)::text,
       case when k.later is not null then ${seen(`k.side = 'down'`)} end
     from backsaas.migration_keys k left join ${table} as t on ${joined}
     where k.table_name = ${literal(table)} and ${isOf(sides)}
       and k.n > $1 and k.n <= $2 order by k.n limit ${BATCH_ROWS}`,
    [from, upTo],
  )
  return rows.map(([rowKey, side, n, json, later, other]) => ({
    key: String(rowKey),
    side: side === 'down' ? 'down' : 'up',
    n: String(n),
    row: json == null ? null : (JSON.parse(json) as HookRow),
    later:
      later == null || other == null
        ? null
        : { columns: (JSON.parse(later) as string[]).map(identifier), row: JSON.parse(other) as HookRow },
  }))
}

/** What a double does not hold is text. */
function asJson(type: string, column: string): string {
  return type === 'bigint' || type === 'decimal' ? `${column}::text` : column
}

/**
 * Rows first, then the queue: in the order in which writers lock them.
 *
 * @param waits for rows that somebody is writing; else they stay in the queue.
 * @param failed told of each row that the database does not take.
 */
export async function setRows(
  run: Run,
  table: HookedTable,
  made: readonly Made[],
  { waits, failed }: { readonly waits: boolean; readonly failed: (one: Queued, reason: string) => void },
): Promise<void> {
  if (made.length === 0) return
  const work = made.toSorted((a, b) => (a.one.key < b.one.key ? -1 : 1))
  try {
    await run.commit([], async (transaction) => {
      await transaction.batch([ddl(`set local lock_timeout = '50ms'`), SKIP_TRIGGER])
      for (const each of work) await setRow(transaction, table, each, waits)
    })
  } catch (error) {
    if (!(error instanceof DatabaseError) || !/^2[23]/.test(error.fields.sqlState)) throw error
    const [only] = work
    invariant(only, 'something was to be set')
    if (work.length === 1) failed(only.one, error.message)
    else for (const each of work) await setRows(run, table, [each], { waits, failed })
  }
}

async function setRow(
  transaction: Connection,
  { table, key }: HookedTable,
  { one, values }: Made,
  waits: boolean,
): Promise<void> {
  const row = key.map(({ column }) => `t.${column}`).join(', ')
  const at = `(${row}) = (${places(key, 1)})`
  const lock = waits ? 'for update' : 'for update skip locked'
  const [held] = await query(transaction, `select 1::text from ${table} as t where ${at} ${lock}`, parts(one.key))
  // It is being written, or is gone by now: the next look finds out.
  if (!held && !waits && values) return
  const [taken] = await query(
    transaction,
    `delete from backsaas.migration_keys where table_name = ${literal(table)} and row_key = $1 and n = $2 returning 1`,
    [one.key, one.n],
  )
  if (!taken || !values || values.length === 0) return
  const set = values.map((value, i) => `${value.at.column} = $${key.length + 1 + i}::${value.at.type}`).join(', ')
  const texts = values.map(({ text }) => text)
  await query(transaction, `update ${table} as t set ${set} where ${at}`, [...parts(one.key), ...texts])
}
