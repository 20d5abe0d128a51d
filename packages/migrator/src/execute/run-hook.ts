/** A step that converts rows by a hook: every row is queued once, then the queue is worked off, each row compared and set. */
import type { Connection, Database, Json } from '@backsaas/core'
import { DatabaseError, invariant, literalText } from '@backsaas/core'
import { literal } from '../plan/quote.ts'
import type { HookColumn, HookStep } from '../plan/steps.ts'
import { nextRange, parts, places, SKIP_TRIGGER, withinRange } from './backfill-statements.ts'
import { findHook } from './find-hook.ts'
import type { HookRow, MigrationHook } from './migration-hook.ts'
import { checkpoint, type MigrationProblem, type MigrationRow } from './migration-row.ts'
import { ddl, MIGRATOR_SCOPE, query } from './migrator-transaction.ts'
import { finishStep, type Run } from './run.ts'

const SEED_ROWS = 10_000
const BATCH_ROWS = 200
const SEEDED = 'seeded'

interface Queued {
  readonly key: string
  readonly side: 'up' | 'down'
  /** Another one by the time that it is set: somebody has written the row meanwhile. */
  readonly n: string
  /** Null where the row is gone. */
  readonly row: HookRow | null
}

/** What is to be set; what the hook left out stays. */
type Values = readonly { readonly at: HookColumn; readonly text: string | null }[]

/** @throws `MIGRATION_HOOK_UNKNOWN` (409) where this process does not have the hook. */
export async function runHook(run: Run, migration: MigrationRow, step: HookStep): Promise<MigrationProblem | null> {
  const hook = findHook(run.options.hooks, step.hook)
  if (step.seeds && migration.cursor !== SEEDED) await seed(run, migration, step)
  const problem = await drain(run, migration, step, hook)
  if (problem || run.patience.stopped()) return problem
  await run.commit([], (transaction) => finishStep(run, transaction, migration))
  return null
}

/** Of a migration whose versions both serve: what clients have written since is passed on. @returns whether anything was left. */
export async function drainHooks(run: Run, migration: MigrationRow): Promise<void> {
  for (const step of migration.plan.steps) {
    if (step.kind === 'hook' && step.seeds) await drain(run, migration, step, findHook(run.options.hooks, step.hook))
  }
}

async function seed(run: Run, migration: MigrationRow, { table, key }: HookStep): Promise<void> {
  const name = literal(table)
  for (let from = migration.cursor; !run.patience.stopped(); ) {
    const last: string | null = await run.commit([], async (transaction) => {
      const range = await nextRange(transaction, { table, key }, from, SEED_ROWS)
      if (range) {
        const within = withinRange(key, from, range.last)
        const text = `insert into backsaas.migration_keys (table_name, tenant_id, row_key, side)
          select ${name}, t.tenant_id, json_build_array(${key.map(({ column }) => `t.${column}::text`).join(', ')})::text, 'up'
          from ${table} as t where ${within.text} on conflict do nothing`
        await query(transaction, text, within.params)
      }
      await transaction.batch([checkpoint(run.lease, { cursor: range?.last ?? SEEDED })])
      return range?.last ?? null
    })
    if (last === null) return
    from = last
  }
}

/** @returns the rows that the hook failed for; null where nothing is left. */
async function drain(
  run: Run,
  { ownerId }: MigrationRow,
  step: HookStep,
  hook: MigrationHook,
): Promise<MigrationProblem | null> {
  const failed = new Map<string, string>()
  for (let after = '0'; !run.patience.stopped(); ) {
    const queued = await readQueue(run.database, step, after)
    const last = queued.at(-1)
    if (!last) break
    after = last.n
    const done: { readonly one: Queued; readonly values: Values | null }[] = []
    for (const one of queued) {
      try {
        done.push({ one, values: one.row === null ? null : await valuesOf(hook, step, one) })
      } catch (error) {
        failed.set(one.key, error instanceof Error ? error.message : String(error))
      }
    }
    await setAll(run, step, done, failed)
  }
  if (failed.size === 0) return null
  const found = [...failed].map(([key, reason]) => ({ tenant_id: parts(key)[0] ?? '', key: parts(key), reason }))
  const [own, others] = [
    found.filter((one) => one.tenant_id === ownerId),
    found.filter((one) => one.tenant_id !== ownerId),
  ]
  const samples = [...own, ...others].slice(0, 5).map((one): Json => ({ ...one, entity: step.entity }))
  return {
    code: 'HOOK_FAILED',
    message: `the hook ${step.hook} fails for ${failed.size} rows of ${step.entity}`,
    hint: 'correct these rows, or the hook, then go on; or go back',
    count: failed.size,
    samples,
  }
}

/** Whether it fails for any row that is queued; asks up to the first one, and sets nothing. */
export async function isHookFailing(database: Database, step: HookStep, hook: MigrationHook): Promise<boolean> {
  for (let after = '0'; ; ) {
    const queued = await readQueue(database, step, after)
    const last = queued.at(-1)
    if (!last) return false
    after = last.n
    for (const one of queued) {
      try {
        if (one.row !== null) await valuesOf(hook, step, one)
      } catch {
        return true
      }
    }
  }
}

async function readQueue(database: Database, { table, key, reads }: HookStep, after: string): Promise<Queued[]> {
  const connection = database.open(MIGRATOR_SCOPE, 'migrator')
  const row = (columns: readonly HookColumn[]): string =>
    `json_build_object(${columns.map(({ field, column }) => `${literal(field.name)}, ${asJson(field.type, `t.${column}`)}`).join(', ')})`
  const joined = key.map(({ column, type }, i) => `t.${column} = (k.row_key::json ->> ${i})::${type}`).join(' and ')
  const rows = await query(
    connection,
    `select k.row_key, k.side, k.n::text, case when t.tenant_id is null then null
       when k.side = 'up' then ${row(reads.old)}::text else ${row(reads.new)}::text end
     from backsaas.migration_keys k left join ${table} as t on ${joined}
     where k.table_name = ${literal(table)} and k.n > $1 order by k.n limit ${BATCH_ROWS}`,
    [after],
  )
  return rows.map(([rowKey, side, n, json]) => ({
    key: String(rowKey),
    side: side === 'down' ? 'down' : 'up',
    n: String(n),
    row: json == null ? null : (JSON.parse(json) as HookRow),
  }))
}

/** What a double does not hold is text. */
function asJson(type: string, column: string): string {
  return type === 'bigint' || type === 'decimal' ? `${column}::text` : column
}

async function valuesOf(hook: MigrationHook, { sets }: HookStep, { side, row }: Queued): Promise<Values> {
  const made = side === 'up' ? await hook.up(row ?? {}) : ((await hook.down?.(row ?? {})) ?? {})
  return Object.entries(made).map(([name, value]) => {
    const at = sets[side].find(({ field }) => field.name === name)
    if (!at) throw new Error(`it sets ${name}, which is not its to set`)
    return { at, text: literalText(at.field, value) }
  })
}

/** Rows first, then the queue: in the order in which writers lock them. */
async function setAll(
  run: Run,
  step: HookStep,
  done: readonly { readonly one: Queued; readonly values: Values | null }[],
  failed: Map<string, string>,
): Promise<void> {
  const work = done.toSorted((a, b) => (a.one.key < b.one.key ? -1 : 1))
  try {
    await run.commit([], async (transaction) => {
      await transaction.batch([ddl(`set local lock_timeout = '50ms'`), SKIP_TRIGGER])
      for (const { one, values } of work) await setOne(transaction, step, one, values)
    })
  } catch (error) {
    if (!(error instanceof DatabaseError) || !/^2[23]/.test(error.fields.sqlState)) throw error
    const [only] = work
    invariant(only, 'something was to be set')
    if (work.length === 1) failed.set(only.one.key, error.message)
    else for (const each of work) await setAll(run, step, [each], failed)
  }
}

async function setOne(
  transaction: Connection,
  { table, key }: HookStep,
  { key: rowKey, n }: Queued,
  values: Values | null,
): Promise<void> {
  const row = key.map(({ column }) => `t.${column}`).join(', ')
  const at = `(${row}) = (${places(key, 1)})`
  await query(transaction, `select from ${table} as t where ${at} for update`, parts(rowKey))
  const [taken] = await query(
    transaction,
    `delete from backsaas.migration_keys where table_name = ${literal(table)} and row_key = $1 and n = $2 returning 1`,
    [rowKey, n],
  )
  if (!taken || !values || values.length === 0) return
  const set = values.map((value, i) => `${value.at.column} = $${key.length + 1 + i}::${value.at.type}`).join(', ')
  const texts = values.map(({ text }) => text)
  await query(transaction, `update ${table} as t set ${set} where ${at}`, [...parts(rowKey), ...texts])
}
