/** Clients that write and read orders of many tenants, whichever version these have, and a ledger of what was acknowledged. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Runtime } from '@backsaas/runtime'

/** What clients write: of either version, for `amount` is written and read the same in both. */
export const ORDERS: Readonly<Record<'before' | 'compatible' | 'breaking', string>> = {
  before: shop('title: { type: string }', 'amount: { type: integer }'),
  compatible: shop('title: { type: string }', 'amount: { type: integer }', 'note: { type: string }'),
  breaking: shop(
    'title: { type: string }',
    'amount: { type: decimal, precision: 12, scale: 2, convert: { up: "decimal(amount)", down: "int(amount)" } }',
  ),
}

function shop(...fields: readonly string[]): string {
  return `schema: shop\nentities:\n  orders:\n    fields:\n${fields.map((field) => `      ${field}\n`).join('')}`
}

export interface Taken {
  readonly statuses: Readonly<Record<number, number>>
  /** Of a request, by the group of its tenant; milliseconds. */
  readonly times: ReadonlyMap<string, readonly number[]>
}

export interface Clients {
  /** What there was since it was last taken. */
  taken(): Taken
  /** Ends the clients. */
  stop(): Promise<void>
  /**
   * Reads all that was acknowledged through the API.
   *
   * @returns how many rows that were, and what is not as it was acknowledged last; answers that nothing announced, too.
   */
  check(): Promise<{ readonly rows: number; readonly wrong: readonly string[] }>
}

export interface ClientsOptions {
  readonly clients: number
  /** Between two requests of a client, in milliseconds. */
  readonly pauseMs: number
  /** Of a tenant, to be measured apart. */
  readonly groupOf?: (slug: string) => string
}

interface Order {
  readonly title: string
  readonly amount: number
}

const WRONG_MAX = 20

/** @example const clients = startClients(runtime, ['acme', 'globex'], { clients: 4, pauseMs: 5 }) */
export function startClients(runtime: Runtime, slugs: readonly string[], options: ClientsOptions): Clients {
  const { clients: count, pauseMs, groupOf = () => 'all' } = options
  const ledger = new Map<string, Map<string, Order>>(slugs.map((slug) => [slug, new Map()]))
  const wrong: string[] = []
  let statuses: Record<number, number> = {}
  let times = new Map<string, number[]>()
  let stopped = false

  const tell = (line: string): void => {
    if (wrong.length < WRONG_MAX) wrong.push(line)
  }
  const ordersOf = (tenant: string) => runtime.for({ tenant, id: 'client', roles: ['admin'] }).from('orders')

  async function ask<T extends { readonly status: number; readonly error: unknown }>(
    slug: string,
    expected: number,
    request: PromiseLike<T>,
  ): Promise<T | null> {
    const startedAt = performance.now()
    const answer = await request
    const group = groupOf(slug)
    const own = times.get(group) ?? []
    times.set(group, own)
    own.push(performance.now() - startedAt)
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    await delay(pauseMs)
    if (answer.status === expected) return answer
    tell(`${slug}: ${answer.status} ${JSON.stringify(answer.error)}`)
    return null
  }

  /** One row of a tenant: made, changed, and read. */
  async function visit(slug: string, n: number): Promise<void> {
    const [id, title] = [randomUUID(), `n${n}`]
    const own = ledger.get(slug)
    if (!(await ask(slug, 201, ordersOf(slug).insert({ id, title, amount: n })))) return
    own?.set(id, { title, amount: n })
    if (
      await ask(
        slug,
        204,
        ordersOf(slug)
          .update({ amount: n + 1 })
          .eq('id', id),
      )
    )
      own?.set(id, { title, amount: n + 1 })
    const read = await ask(slug, 200, ordersOf(slug).select('id, title, amount').eq('id', id))
    if (read) compare(slug, read.data ?? [], new Map([[id, own?.get(id) ?? { title, amount: n }]]))
  }

  function compare(slug: string, rows: readonly Record<string, unknown>[], wanted: ReadonlyMap<string, Order>): void {
    const found = new Map(rows.map((row) => [String(row.id), row]))
    for (const [id, { title, amount }] of wanted) {
      const row = found.get(id)
      if (!row) tell(`${slug}: the order ${title} is lost`)
      else if (row.title !== title || Number(row.amount) !== amount)
        tell(`${slug}: ${JSON.stringify(row)} is not ${JSON.stringify({ title, amount })}`)
    }
  }

  async function client(index: number): Promise<void> {
    for (let n = index; !stopped; n += count) {
      const slug = slugs[n % slugs.length]
      // Each goes through tenants of its own, so that many of them are asked for.
      if (slug !== undefined) await visit(slug, n).catch((error: unknown) => tell(`${slug}: ${error}`))
    }
  }

  const all = Promise.all(Array.from({ length: count }, (_, index) => client(index)))
  return {
    taken() {
      const taken = { statuses, times }
      statuses = {}
      times = new Map()
      return taken
    },
    async stop() {
      stopped = true
      await all
    },
    async check() {
      let rows = 0
      for (const [slug, wanted] of ledger) {
        if (wanted.size === 0) continue
        rows += wanted.size
        const { data, status, error } = await ordersOf(slug).select('id, title, amount').limit(wanted.size)
        if (status !== 200) tell(`${slug}: ${status} ${JSON.stringify(error)}`)
        else compare(slug, data ?? [], wanted)
      }
      return { rows, wrong }
    },
  }
}

/** @param part 0.95 for the p95. */
export function quantileOf(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0
}
