/** A migrator that dies at any statement, or whose backend does: whoever goes on reaches what an undisturbed run reaches (I4). */
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Connection } from '@backsaas/core'
import { createTenant, migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Copies, type Copy, catalogueOf, prepareCopies, stateOf } from './copies.ts'
import './figures.ts'
import { leaseOver, terminate, withKillPoint } from './kill-point.ts'
import { runKilled } from './run-killed.ts'
import { FULL } from './sizes.ts'

const BEFORE = `schema: crm
entities:
  companies:
    fields:
      name: { type: string, required: true }
  people:
    fields:
      name: { type: string, required: true, max: 100 }
      price: { type: integer, required: true, min: 0, max: 100000 }
      nick: { type: string, max: 30 }
      kind: { type: enum, values: [a, b, c], default: a }
      note: { type: string }
      company_id: { type: uuid }
    indexes: [[price]]
`
const AFTER = `schema: crm
entities:
  companies:
    fields:
      name: { type: string, required: true, unique: true }
  people:
    removed: [note]
    fields:
      full_name: { type: string, required: true, max: 100, renamed_from: name }
      price: { type: decimal, precision: 12, scale: 2, required: true, min: 0, convert: { up: "decimal(price) / decimal(100)", down: "int(price * decimal(100))" } }
      nick: { type: string, max: 20, required: true, fill: { cel: "name" } }
      kind: { type: enum, values: [a, b], default: a, map: { c: b } }
      company_id: { to: companies, as: company, orphans: set_null }
    indexes: [[price]]
  tags:
    fields:
      label: { type: string, required: true }
`
const STORE = '"backsaas_00000000000070008000000000000004"'
const TENANTS = ['018f0000-0000-7000-8000-00000000000a', '018f0000-0000-7000-8000-00000000000b']
const ROWS = FULL ? 3000 : 1500
/** In torture, before and after each so many. */
const EVERY = Number(process.env.BACKSAAS_TORTURE_EVERY ?? 1)

let copies: Copies
let undisturbed: { readonly live: string; readonly done: string; readonly back: string; readonly statements: number }

beforeAll(async () => {
  copies = await prepareCopies(async (database) => {
    await migrate(database, BEFORE)
    await createTenant(database, { slug: 'acme', schemas: ['crm'] })
    const migrator = database.open({ waitUntil: () => {}, now: () => Date.now() }, 'migrator')
    for (const tenant of TENANTS) await fillTenant(migrator, tenant)
    await migrate(database, AFTER, { run: { signal: AbortSignal.abort() } })
  })
  undisturbed = await copies.withCopy(async (copy) => {
    let statements = 0
    const counting = withKillPoint(copy.database, {
      at: 0,
      when: 'before',
      kill: async () => {},
      counted: (n) => (statements = n),
    })
    const { id, token } = await statusOf(copy)
    const back = await rollbackState(copy)
    await runMigration(counting, id, { until: 'live' })
    const live = await stateOf(copy)
    await runMigration(counting, id, { until: 'done', now: true, token })
    return { live, done: await stateOf(copy), back, statements }
  })
}, 600_000)

afterAll(() => copies.drop())

async function fillTenant(connection: Connection, tenant: string): Promise<void> {
  const statements = [
    `insert into ${STORE}.companies (tenant_id, id, name) select '${tenant}', md5('c${tenant}' || i)::uuid, 'c' || i from generate_series(1, 20) i`,
    `insert into ${STORE}.people (tenant_id, id, name, price, nick, kind, note, company_id)
     select '${tenant}', md5('${tenant}' || i)::uuid, 'n' || i, i % 1000, case when i % 3 = 0 then 'k' || i end,
            (array['a', 'b', 'c'])[1 + i % 3], 'x',
            case when i % 4 = 0 then md5('c${tenant}' || 1 + i % 20)::uuid when i % 50 = 1 then md5('nowhere' || i)::uuid end
     from generate_series(1, ${ROWS}) i`,
  ]
  await connection.batch(statements.map((text) => ({ text, params: [], prepare: false })))
}

async function statusOf(copy: Copy): Promise<{ id: string; token: string }> {
  const [status] = await migrationStatus(copy.database, { schema: 'crm' })
  return { id: status?.id ?? '', token: status?.token ?? '' }
}

/** The catalogue, and what no hint of the document asked to be changed in place. */
async function rollbackState(copy: Copy): Promise<string> {
  const rows = await copy.query(
    `select md5(string_agg(concat_ws(',', id, name, price, kind, note, updated_at, revision), '' order by tenant_id, id)) from ${STORE}.people`,
  )
  return `${await catalogueOf(copy.query)}\n${rows[0]?.[0]}`
}

/** Spread over the whole run; all of them in torture, or each so many. */
function points(count: number): number[] {
  const all = Array.from({ length: undisturbed.statements }, (_, i) => i + 1)
  if (FULL) return all.filter((at) => at % EVERY === 0)
  const step = all.length / count
  return Array.from({ length: count }, (_, i) => all[Math.floor(i * step + step / 2)] as number)
}

/** Before some of so many points and after the others, in turn; in torture, before and after each. */
function deaths(count: number): (readonly [at: number, when: 'before' | 'after'])[] {
  return points(count).flatMap((at, i) => {
    if (FULL) return [[at, 'before'] as const, [at, 'after'] as const]
    return [[at, i % 2 === 0 ? 'before' : 'after'] as const]
  })
}

/** All of them; in torture, where each point is one, the last few may depend on how a backfill was cut. */
function expectKilled(killed: number, attempts: number): void {
  expect(killed).toBeGreaterThanOrEqual(FULL ? Math.floor(attempts * 0.85) : attempts)
}

describe('a migrator that dies', () => {
  test('its backend, before and after statements: the run itself goes on', async ({ task }) => {
    let attempts = 0
    let killed = 0
    const kill = (connection: Connection): Promise<void> => {
      killed++
      return terminate(connection)
    }
    for (const [at, when] of deaths(14)) {
      await copies.withCopy(async (copy) => {
        const { id, token } = await statusOf(copy)
        const dying = withKillPoint(copy.database, { at, when, kill })
        attempts++
        await runMigration(dying, id, { until: 'live', leaseMs: 1000 })
        expect(await stateOf(copy), `live, killed ${when} ${at}`).toBe(undisturbed.live)
        // It may have died where it gave its lease back.
        await leaseOver(copy)
        await runMigration(dying, id, { until: 'done', now: true, token, leaseMs: 1000 })
        expect(await stateOf(copy), `done, killed ${when} ${at}`).toBe(undisturbed.done)
      })
    }
    expectKilled(killed, attempts)
    task.meta.figures = { statements: undisturbed.statements, backends_killed: killed }
  }, 3_600_000)

  test('as a process, with SIGKILL: the next one goes on', async ({ task }) => {
    let attempts = 0
    let killed = 0
    for (const [at, when] of deaths(4)) {
      await copies.withCopy(async (copy) => {
        const { id, token } = await statusOf(copy)
        attempts++
        if (await runKilled(copy.url, id, { until: 'done', token, at, when })) {
          killed++
          await runMigration(copy.database, id, { until: 'done', now: true, token })
        }
        expect(await stateOf(copy), `done, killed ${when} ${at}`).toBe(undisturbed.done)
      })
    }
    expectKilled(killed, attempts)
    task.meta.figures = { statements: undisturbed.statements, processes_killed: killed }
  }, 3_600_000)

  test('at any step, it can be taken back (I6)', async () => {
    for (const at of points(6)) {
      let killed = 0
      await copies.withCopy(async (copy) => {
        const { id } = await statusOf(copy)
        const aborting = new AbortController()
        const stopping = withKillPoint(copy.database, { at, when: 'before', kill: async () => aborting.abort() })
        await runMigration(stopping, id, { until: 'live', signal: aborting.signal })
        const kill = (connection: Connection): Promise<void> => {
          killed++
          return terminate(connection)
        }
        await rollbackMigration(withKillPoint(copy.database, { at: 4 + (at % 9), when: 'after', kill }), id)
        expect(killed, `taken back after ${at}`).toBe(1)
        expect(await rollbackState(copy), `taken back after ${at}`).toBe(undisturbed.back)
      })
    }
  }, 3_600_000)

  test('two migrators: the one that was taken over from commits nothing more (I5)', async () => {
    await copies.withCopy(async (copy) => {
      const { id, token } = await statusOf(copy)
      const other = postgres(copy.url)
      let stolen: Promise<unknown> | undefined
      const stale = withKillPoint(copy.database, {
        at: 12,
        when: 'before',
        // Not awaited: it waits for the transaction under way, which holds the row.
        async kill() {
          stolen = copy.query(
            `update backsaas.migrations set lease_owner = 'somebody', lease_epoch = lease_epoch + 1, lease_until = now() + interval '1 hour'`,
          )
        },
      })
      const first = runMigration(stale, id, { until: 'live', leaseMs: 200_000 })
      await expect(first).rejects.toMatchObject({ code: 'LEASE_LOST' })
      await stolen
      await expect(runMigration(other, id)).rejects.toMatchObject({ code: 'MIGRATION_BUSY' })
      await copy.query(`update backsaas.migrations set lease_until = '-infinity'`)
      await runMigration(other, id, { until: 'done', now: true, token })
      expect(await stateOf(copy)).toBe(undisturbed.done)
      await other.close?.()
    })
  }, 300_000)
})
