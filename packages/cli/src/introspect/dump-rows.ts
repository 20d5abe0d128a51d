/** The rows of tables as NDJSON files under the names of the new schema, ready for `backsaas import`. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { BackSaasError, type Connection, type Statement, TENANT_COLUMN } from '@backsaas/core'
import { makeFolders } from '../make-folders.ts'
import { chooseType } from './field-type.ts'
import type { TablePlan } from './table-plan.ts'

export interface DumpOptions {
  readonly pgSchema: string
  readonly folder: string
  /** Whose rows, of the platform's own tables: a tenant's uuid. */
  readonly tenant: string | null
}

/** Entity → number of rows. */
export type Dumped = Readonly<Record<string, number>>

const PAGE_ROWS = 5000

/**
 * Writes `<entity>.ndjson` for each table, as of one instant where the connection can hold a transaction.
 *
 * @throws `TENANT_NEEDED` (400) where the tables hold the rows of many tenants and none is named.
 */
export async function dumpRows(
  connection: Connection,
  plans: readonly TablePlan[],
  options: DumpOptions,
): Promise<Dumped> {
  if (options.tenant === null && plans.some(({ table }) => table.isOurs))
    throw new BackSaasError('TENANT_NEEDED', 400, 'these tables hold the rows of every tenant', {
      hint: 'say whose with --tenant UUID',
    })
  makeFolders(options.folder)
  if (!connection.transaction) return dumpAll(connection, plans, options)
  return connection.transaction(async (transaction) => {
    await transaction.batch([sql('set transaction isolation level repeatable read, read only')])
    return dumpAll(transaction, plans, options)
  })
}

async function dumpAll(connection: Connection, plans: readonly TablePlan[], options: DumpOptions): Promise<Dumped> {
  const dumped: Record<string, number> = {}
  for (const plan of plans) {
    const file = openSync(join(options.folder, `${plan.entity}.ndjson`), 'w', 0o600)
    try {
      dumped[plan.entity] = await dumpTable(connection, plan, options, (line) => void writeSync(file, line))
    } finally {
      closeSync(file)
    }
  }
  return dumped
}

/** Pages by the key, or where there is none by the place of the row. */
async function dumpTable(
  connection: Connection,
  plan: TablePlan,
  options: DumpOptions,
  write: (line: string) => void,
): Promise<number> {
  let after: readonly (string | null)[] | null = null
  let count = 0
  for (;;) {
    const [page]: readonly { readonly rows: readonly (readonly (string | null)[])[] }[] = await connection.batch([
      pageQuery(plan, options, after),
    ])
    const rows = page?.rows ?? []
    if (rows.length === 0) return count
    write(`${rows.map(([json]) => json).join('\n')}\n`)
    count += rows.length
    after = rows.at(-1)?.slice(1) ?? null
  }
}

function pageQuery(
  plan: TablePlan,
  { pgSchema, tenant }: DumpOptions,
  after: readonly (string | null)[] | null,
): Statement {
  const { table, fields } = plan
  const keyColumns = (plan.key ?? []).map((name) => ({
    name: `t.${identifier(name)}`,
    type: table.columns.find((column) => column.name === name)?.formatted ?? 'text',
  }))
  const places = keyColumns.length > 0 ? keyColumns : [{ name: 't.ctid', type: 'tid' }]
  const columns = table.columns.flatMap((column) => {
    const field = fields.get(column.name)
    return field === undefined ? [] : [`${selected(plan, column.name)} as ${identifier(field)}`]
  })
  const ours = table.isOurs && tenant !== null
  const params = [...(ours ? [tenant] : []), ...(after ?? [])]
  const first = ours ? 2 : 1
  const conditions = [
    ...(ours ? [`t.${identifier(TENANT_COLUMN)} = $1::text::uuid`] : []),
    ...(after
      ? [`(${list(places, (p) => p.name)}) > (${list(places, (p, i) => `$${first + i}::text::${p.type}`)})`]
      : []),
  ]
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  const names = list(places, ({ name }) => name)
  const row = `(select to_jsonb(r.*)::text from (select ${columns.join(', ')}) r)`
  // The key's text is given another name, or `order by` would mean the text.
  const key = list(places, ({ name }, i) => `${name}::text as k${i}`)
  const from = `${identifier(pgSchema)}.${identifier(table.name)} t`
  const text = `select ${row}, ${key} from ${from} ${where} order by ${names} limit ${PAGE_ROWS}`
  return sql(text, params)
}

function selected({ table }: TablePlan, name: string): string {
  const column = table.columns.find((candidate) => candidate.name === name)
  const select = column && chooseType(column).select
  const quoted = `t.${identifier(name)}`
  if (select === 'utc') return column?.isList ? quoted : `${quoted} at time zone 'UTC'`
  return select === 'text' ? `${quoted}::text${column?.isList ? '[]' : ''}` : quoted
}

function list<T>(items: readonly T[], text: (item: T, i: number) => string): string {
  return items.map(text).join(', ')
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function sql(text: string, params: readonly (string | null)[] = []): Statement {
  return { text, params, prepare: false }
}
