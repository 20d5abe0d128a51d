/** Two tenants whose rows are marked, used by clients of both versions and read by the runtime's login all the time (I8). */
import { defineMigrationHook, type MigrationHook } from '@backsaas/migrator'
import postgres from 'postgres'
import type { Caller } from '../fixture/caller.ts'
import type { Fixture } from '../fixture/start-fixture.ts'

export const BEFORE = `schema: crm
entities:
  people:
    fields:
      title: { type: string, required: true }
      price: { type: integer, required: true }
      name: { type: string, required: true }
      other: { type: string }
`
/** A rename, a conversion by the trigger, a split by a hook, and a table of its own. */
export const AFTER = `schema: crm
entities:
  people:
    removed: { name: { down: "'?'" } }
    fields:
      heading: { type: string, required: true, renamed_from: title }
      price: { type: decimal, required: true, convert: { up: "decimal(price) / decimal(100)", down: "int(price * decimal(100))" } }
      first: { type: string, convert: { hook: split_name } }
      last: { type: string, convert: { hook: split_name } }
      other: { type: string }
  notes:
    fields:
      text: { type: string, required: true }
`
export const HOOKS: readonly MigrationHook[] = [
  defineMigrationHook({
    name: 'split_name',
    up({ name }) {
      const [first = '', last = ''] = String(name).split(' ')
      return { first, last }
    },
    down: ({ first, last }) => ({ name: `${first} ${last}` }),
  }),
]

const STORE = '"backsaas_00000000000070008000000000000004"'
const LEAKS_MAX = 5
/** Both tenants have rows of these ids: what forgets the tenant finds the other's. */
const IDS = Array.from({ length: 40 }, (_, n) => `01900000-0000-7000-8000-0000000000${String(n).padStart(2, '0')}`)

/** Marks are letters that no id has. */
interface Marked {
  readonly caller: Caller
  readonly mark: string
  readonly others: string
  /** Prices of one tenant are even, in cents, and of the other odd. */
  readonly parity: number
}

export interface Watched {
  readonly leaks: readonly string[]
  readonly looks: number
  /** Rows that were looked at, by where they were seen. */
  readonly seen: Readonly<Record<string, number>>
}

export interface Watch {
  /** From now on clients of this version too; null: of the older one alone. */
  readonly serve: (newer: number | null, older: number | null) => void
  /** Waits until everybody has looked so many times more. */
  readonly more: (looks: number) => Promise<void>
  readonly stop: () => Promise<Watched>
}

/** Begins with rows of both. @example const watch = await watchTenants(fixture) */
export async function watchTenants(fixture: Fixture): Promise<Watch> {
  const { acme, globex } = fixture.tenants
  const tenants: readonly Marked[] = [
    { caller: acme, mark: 'kkk', others: 'zzz', parity: 0 },
    { caller: globex, mark: 'zzz', others: 'kkk', parity: 1 },
  ]
  for (const { caller, mark, parity } of tenants) {
    const row = (id: string, n: number): object => ({
      id,
      title: `${mark}${n}`,
      price: n * 2 + parity,
      name: `${mark}${n} ${mark}${n}`,
      other: mark,
    })
    await caller.add('people', IDS.map(row))
  }
  const leaks: string[] = []
  const seen: Record<string, number> = {}
  const looks = tenants.map(() => 0)
  let stopping = false
  let newer: number | null = null
  let older: number | null = 1

  /** What one tenant sees, wherever from. */
  function check({ others, parity }: Marked, rows: readonly Record<string, unknown>[], from: string): void {
    seen[from] = (seen[from] ?? 0) + rows.length
    const leak = rows.find((row) => {
      const cents = 'first' in row ? Math.round(Number(row.price) * 100) : Number(row.price)
      return JSON.stringify(row).includes(others) || (row.price !== undefined && cents % 2 !== parity)
    })
    if (leak && leaks.length < LEAKS_MAX) leaks.push(`${from}: ${JSON.stringify(leak)}`)
  }

  async function ask(tenant: Marked, n: number): Promise<void> {
    const { caller, mark, parity } = tenant
    const [version, isNew] = newer !== null && (older === null || n % 2 === 0) ? [newer, true] : [older ?? newer, false]
    const headers = { 'schema-version': String(version), prefer: 'return=representation' }
    const cents = n * 2 + parity
    const id = IDS[n % IDS.length]
    const bodies = [
      isNew ? { first: `${mark}${n}` } : { name: `${mark}${n} ${mark}` },
      { price: isNew ? cents / 100 : cents },
      { other: `${mark}${n}` },
    ]
    const changed = await caller.patch(`/people?id=eq.${id}`, bodies[n % bodies.length], headers)
    check(tenant, changed.rows, `changed as ${version}`)
    // Whoever forgot the tenant would change the other's too.
    if (n % 5 === 0)
      check(tenant, (await caller.patch('/people?price=gte.0', { other: mark }, headers)).rows, 'changed all')
    check(tenant, (await caller.get('/people?limit=1000', headers)).rows, `read as ${version}`)
    if (!isNew) return
    if (n % 4 === 0) await caller.post('/notes', { text: mark }, headers)
    check(tenant, (await caller.get('/notes?limit=1000', headers)).rows, `notes read as ${version}`)
  }

  /** Below the runtime's own predicates: what the database itself lets its login see. */
  async function look(tenant: Marked, login: postgres.Sql, placement: string): Promise<void> {
    await login
      .begin(async (transaction) => {
        await transaction.unsafe(`select backsaas.enter('${tenant.caller.id}', '${placement}', ${older ?? newer})`)
        const tables = await transaction.unsafe(
          `select relname as name from pg_class where relnamespace = '${STORE}'::regnamespace and relkind = 'r'
             and relname in ('people', 'notes') and has_table_privilege(oid, 'select')`,
        )
        for (const { name } of tables) {
          const rows = await transaction.unsafe(`select row_to_json(t)::text as row from ${STORE}.${name} t`)
          const texts = rows.map(({ row }) => ({ row }))
          check(tenant, texts, `${name} by the login`)
          const strange = rows.find(({ row }) => JSON.parse(row).tenant_id !== tenant.caller.id)
          if (strange && leaks.length < LEAKS_MAX) leaks.push(`${name} by the login: ${strange.row}`)
        }
      })
      .catch((error: { code?: string }) => {
        // A version that has ended, or a lock that was in the way, shows nothing.
        if (!['BS001', '55P03', '40P01', '42703'].includes(error.code ?? '')) throw error
      })
  }

  const [placement] = await fixture.ownerQuery(`select id::text from backsaas.placements where schema_name = 'crm'`)
  const [named] = await fixture.ownerQuery(`select name, password from backsaas.logins where kind = 'runtime'`)
  const url = new URL(fixture.url ?? '')
  url.username = named?.[0] ?? ''
  url.password = named?.[1] ?? ''
  const login = postgres(url.href, { max: 2, onnotice: () => {} })

  const loops = tenants.map(async (tenant, i) => {
    for (let n = 0; !stopping; n++) {
      await ask(tenant, n)
      await look(tenant, login, placement?.[0] ?? '')
      looks[i] = n + 1
    }
  })
  return {
    serve(next, before) {
      newer = next
      older = before
    },
    async more(count) {
      const goals = looks.map((done) => done + count)
      while (!stopping && looks.some((done, i) => done < (goals[i] ?? 0))) {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, 10)), ...loops])
      }
    },
    async stop() {
      stopping = true
      try {
        await Promise.all(loops)
      } finally {
        await login.end()
      }
      return { leaks, seen, looks: looks.reduce((sum, done) => sum + done, 0) }
    },
  }
}
