/** A migrator that dies while three versions serve, at the newest one's steps or at a contract below it: whoever goes on reaches the same (I4). */
import type { Database } from '@backsaas/core'
import { createTenant, migrate, migrationStatus, rollbackMigration, runMigration } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Copies, type Copy, catalogueOf, prepareCopies, stateOf } from './copies.ts'
import './figures.ts'
import { leaseOver, terminate, withKillPoint } from './kill-point.ts'
import { runKilled } from './run-killed.ts'
import { FULL } from './sizes.ts'
import { V1, V2, V3 } from './stacked.ts'

const STORE = '"backsaas_00000000000070008000000000000004"'
const TENANT = '018f0000-0000-7000-8000-00000000000a'

let copies: Copies
let undisturbed: { readonly states: readonly string[]; readonly back: string; readonly statements: number }

beforeAll(async () => {
  copies = await prepareCopies(async (database) => {
    await migrate(database, V1)
    await createTenant(database, { slug: 'acme', schemas: ['crm'] })
    const text = `insert into ${STORE}.people (tenant_id, id, title, price, name, age, kind)
      select '${TENANT}', md5('p' || i)::uuid, 't' || i, i, 'f' || i || ' l' || i, i, case when i % 2 = 0 then 'b' end from generate_series(1, 300) i`
    await database
      .open({ waitUntil: () => {}, now: () => Date.now() }, 'migrator')
      .batch([{ text, params: [], prepare: false }])
    await migrate(database, V2)
    await migrate(database, V3, { run: { signal: AbortSignal.abort() } })
  })
  undisturbed = await copies.withCopy(async (copy) => {
    let statements = 0
    const counted = (n: number): void => {
      statements = n
    }
    const counting = withKillPoint(copy.database, { at: 0, when: 'before', kill: async () => {}, counted })
    const back = await catalogueOf(copy.query)
    return { states: await toTheEnd(copy, counting), back, statements }
  })
}, 300_000)

afterAll(() => copies.drop())

async function statusOf(copy: Copy, version: number): Promise<{ id: string; token: string }> {
  const all = await migrationStatus(copy.database, { schema: 'crm' })
  const status = all.find(({ toVersion }) => toVersion === version)
  return { id: status?.id ?? '', token: status?.token ?? '' }
}

/** The newest goes live, then the contract of the one below, then its own. @returns how all stands after each. */
async function toTheEnd(copy: Copy, database: Database): Promise<string[]> {
  const states: string[] = []
  for (const [version, until] of [
    [3, 'live'],
    [2, 'done'],
    [3, 'done'],
  ] as const) {
    const { id, token } = await statusOf(copy, version)
    await runMigration(database, id, { until, now: true, token, leaseMs: 1000 })
    states.push(await stateOf(copy))
    await leaseOver(copy)
  }
  return states
}

function points(count: number): (readonly [at: number, when: 'before' | 'after'])[] {
  const every = FULL ? 1 : undisturbed.statements / count
  return Array.from({ length: FULL ? undisturbed.statements : count }, (_, i) => [
    1 + Math.floor(i * every + every / 2),
    i % 2 === 0 ? 'before' : 'after',
  ])
}

test('its backend, anywhere on the way', async ({ task }) => {
  let killed = 0
  for (const [at, when] of points(10)) {
    await copies.withCopy(async (copy) => {
      const kill = async (connection: Parameters<typeof terminate>[0]): Promise<void> => {
        killed++
        await terminate(connection)
      }
      const dying = withKillPoint(copy.database, { at, when, kill })
      expect(await toTheEnd(copy, dying), `killed ${when} ${at}`).toEqual(undisturbed.states)
    })
  }
  task.meta.figures = { statements: undisturbed.statements, backends_killed: killed }
  expect(killed).toBeGreaterThanOrEqual(9)
}, 3_600_000)

test('as a process, with SIGKILL, inside the contract below and while the newest is made', async ({ task }) => {
  let killed = 0
  for (const at of FULL ? [3, 8, 13, 18, 23, 28, 33] : [8, 21]) {
    await copies.withCopy(async (copy) => {
      const [second, third] = [await statusOf(copy, 2), await statusOf(copy, 3)]
      if (await runKilled(copy.url, third.id, { until: 'live', at, when: 'after' })) killed++
      await runMigration(copy.database, third.id, { until: 'live' })
      const death = { until: 'done', token: second.token, at, when: at % 2 ? 'before' : 'after' } as const
      if (await runKilled(copy.url, second.id, death)) killed++
      expect(await toTheEnd(copy, copy.database), `killed at ${at}`).toEqual([
        ...[expect.any(String), undisturbed.states[1], undisturbed.states[2]],
      ])
    })
  }
  task.meta.figures = { processes_killed: killed }
  expect(killed).toBeGreaterThanOrEqual(3)
}, 3_600_000)

test('at any step the newest can be taken back, and two versions are in step as before (I6)', async () => {
  for (const [at] of points(4)) {
    await copies.withCopy(async (copy) => {
      const { id } = await statusOf(copy, 3)
      const aborting = new AbortController()
      const stopping = withKillPoint(copy.database, { at, when: 'before', kill: async () => aborting.abort() })
      await runMigration(stopping, id, { until: 'live', signal: aborting.signal })
      const dying = withKillPoint(copy.database, { at: 4 + (at % 19), when: 'after', kill: terminate })
      await rollbackMigration(dying, id)
      expect(await catalogueOf(copy.query), `taken back after ${at}`).toBe(undisturbed.back)
    })
  }
}, 3_600_000)
