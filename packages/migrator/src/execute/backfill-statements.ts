/** The statements of a backfill, and what it is given to run them. */
import type { Connection, Database, Result, Statement } from '@backsaas/core'
import type { Backfill, BackfillStep } from '../plan/steps.ts'

export interface BackfillRun {
  readonly database: Database
  readonly migrationId: string
  readonly stepIndex: number
  readonly step: BackfillStep
  readonly cursor: string | null
  readonly rowsDone: number
  /** Runs in a transaction that the lease guards, once no lock is in its way. */
  commit<T>(work: (transaction: Connection) => Promise<T>): Promise<T>
  /** The same in one round trip, with the place that is reached by it. */
  advance(cursor: string, rowsDone: number, statements: readonly Statement[]): Promise<readonly Result[]>
  /** Why it should not go on right now; null where it may. */
  health(): Promise<string | null>
  /** Told of a pause. */
  paused(reason: string | null): Promise<void>
  stopped(): boolean
}

/** Rows that follow one another by key. */
export interface Range {
  /** The key of the last one, as JSON. */
  readonly last: string
  readonly rows: number
}

/** Answers the next `size` rows by key, or those that are left. Nothing is made of a row but of the last. */
export function rangeAfter(
  { table, key }: Pick<Backfill, 'table' | 'key'>,
  from: string | null,
  size: number,
): Statement {
  const columns = key.map(({ column }) => column).join(', ')
  const after = from === null ? '' : `where (${columns}) > (${places(key, 1)})`
  const rows = `select ${columns} from ${table} ${after} order by ${columns}`
  const last = `json_build_array(${key.map(({ column }) => `${column}::text`).join(', ')})::text`
  return {
    text: `
      (select ${last}, '${size}' from (${rows} offset ${size - 1} limit 1) whole)
      union all
      (select ${last}, i::text from (
         select * from (select ${columns}, row_number() over () as i from (${rows} limit ${size}) few) numbered order by i desc limit 1
       ) rest)
      limit 1`,
    params: from === null ? [] : parts(from),
    prepare: false,
  }
}

/** @returns what `rangeAfter` has answered; null at the end. */
export function readRange([row]: Result['rows']): Range | null {
  return row ? { last: String(row[0]), rows: Number(row[1]) } : null
}

export async function nextRange(
  transaction: Connection,
  table: Pick<Backfill, 'table' | 'key'>,
  from: string | null,
  size: number,
): Promise<Range | null> {
  const [result] = await transaction.batch([rangeAfter(table, from, size)])
  return readRange(result?.rows ?? [])
}

/**
 * Without the trigger, which would do the same once more for each row; and without waiting for the disk, since the checkpoint is in the same
 * commit. Where a client holds a row for longer than that, another one would wait for a deadlock to be found.
 */
export function fillRange(
  { table, key, action, set, where }: Backfill,
  from: string | null,
  last: string,
): readonly Statement[] {
  const range = withinRange(key, from, last)
  const verb = action === 'update' ? `update ${table} as t set ${set}` : `delete from ${table} as t`
  return [BY_THE_WAY, { text: `${verb} where ${range.text} and (${where})`, params: range.params, prepare: false }]
}

/**
 * The condition that a row of `t` is after `from` and up to `last`.
 *
 * Where the two differ in the last column alone, as they do inside a tenant, it is said of that column. Of a comparison of rows Postgres
 * ends the scan of an index by the first column only, and would read the rest of the tenant in each range.
 */
export function withinRange(
  key: Backfill['key'],
  from: string | null,
  last: string,
): { readonly text: string; readonly params: readonly string[] } {
  const [upper, lower] = [parts(last), from === null ? null : parts(from)]
  const params = lower ? [...upper, ...lower] : upper
  const end = key.length - 1
  if (lower && upper.slice(0, end).every((part, i) => part === lower[i])) {
    const at = (i: number, n: number): string => `$${n + 1}::${key[i]?.type}`
    const same = key.slice(0, end).map(({ column }, i) => `t.${column} = ${at(i, i)}`)
    const column = `t.${key[end]?.column}`
    const bounds = [`${column} > ${at(end, upper.length)}`, `${column} <= ${at(end, end)}`]
    return { text: [...same, ...bounds].join(' and '), params: [...upper, lower[end] ?? ''] }
  }
  const columns = key.map(({ column }) => `t.${column}`).join(', ')
  const above = lower ? `(${columns}) > (${places(key, key.length + 1)}) and ` : ''
  return { text: `${above}(${columns}) <= (${places(key, 1)})`, params }
}

/** What passes the triggers of versions by: heard of the migrator's login alone. */
export const SKIP_TRIGGER: Statement = {
  text: `select set_config('backsaas.backfill', 'on', true)`,
  params: [],
  prepare: false,
}
const BY_THE_WAY: Statement = {
  text: `select set_config('backsaas.backfill', 'on', true), set_config('lock_timeout', '50ms', true),
           set_config('synchronous_commit', 'off', true)`,
  params: [],
  prepare: false,
}

export function places(key: Backfill['key'], first: number): string {
  return key.map(({ type }, i) => `$${first + i}::${type}`).join(', ')
}

/** The texts of a key. Written by `nextRange`. */
export function parts(cursor: string): string[] {
  return JSON.parse(cursor) as string[]
}
