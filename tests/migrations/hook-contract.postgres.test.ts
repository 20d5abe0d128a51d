/** Both versions serve while a contract waits: what one writes is passed on to the other, and where nobody has the hook it is told. */
import { migrate, runMigration, startMigrations } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { A_MOMENT, AFTER, ask, at, BEFORE, SOON, see, splitName, statusOf } from './split-name.ts'

const hooks = [splitName]
const QUIET = { intervalMs: 100, observe: () => undefined }

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await fixture.tenants.acme.add('people', [
    { n: 1, name: 'Ann Low' },
    { n: 2, name: 'Bo Ray' },
  ])
  await migrate(fixture.database, AFTER, { run: { hooks } })
})
afterEach(() => fixture.close())

async function writeBoth(): Promise<void> {
  const { acme } = fixture.tenants
  expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' }, at(1))).status).toBe(204)
  await expect.poll(() => see(fixture, 1, 2), A_MOMENT).toEqual({ first: 'Cy', last: 'Roe' })
  expect((await acme.patch('/people?n=eq.1', { last: 'Poe' }, at(2))).status).toBe(204)
  await expect.poll(() => see(fixture, 1, 1), A_MOMENT).toEqual({ name: 'Cy Poe' })
}

test('while the contract waits, by whoever runs it', async () => {
  const migrations = await startMigrations(fixture.database, { ...QUIET, hooks })
  try {
    await ask(fixture, 'done')
    await expect.poll(async () => (await statusOf(fixture))?.problem?.code, SOON).toBe('DRAINING')
    // Long enough for looks to become rare.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await writeBoth()
    expect(await statusOf(fixture)).toMatchObject({
      phase: 'contract',
      state: 'waiting',
      problem: { code: 'DRAINING' },
    })
    await ask(fixture, 'done', true)
    await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('done')
  } finally {
    await migrations.close()
  }
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Cy', last: 'Poe' })
})

test('while the contract waits and whoever ran it by hand has gone', async () => {
  const { id = '', token } = (await statusOf(fixture)) ?? {}
  const stopping = new AbortController()
  const run = runMigration(fixture.database, id, { until: 'done', token: token ?? '', hooks, signal: stopping.signal })
  await expect.poll(async () => (await statusOf(fixture))?.problem?.code, SOON).toBe('DRAINING')
  stopping.abort()
  await run
  const migrations = await startMigrations(fixture.database, { ...QUIET, hooks })
  try {
    await writeBoth()
    expect((await statusOf(fixture))?.phase).toBe('contract')
  } finally {
    await migrations.close()
  }
})

test('nobody has the hook: it is told, nothing is taken away, and it goes on when somebody has', async () => {
  const { acme } = fixture.tenants
  const without = await startMigrations(fixture.database, QUIET)
  const told = async () => {
    const { state, problem } = (await statusOf(fixture)) ?? {}
    return `${state} ${problem?.code}`
  }
  try {
    expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' }, at(1))).status).toBe(204)
    await expect.poll(told, SOON).toBe('waiting MIGRATION_HOOK_UNKNOWN')
    expect(await statusOf(fixture)).toMatchObject({ phase: 'live', problem: { hook: 'split_name' } })
    await ask(fixture, 'done', true)
    await expect.poll(told, SOON).toBe('waiting MIGRATION_HOOK_UNKNOWN')
    expect((await acme.patch('/people?n=eq.2', { name: 'Di Poe' }, at(1))).status).toBe(204)
    await ask(fixture, 'live')
    await expect.poll(told, SOON).toBe('waiting MIGRATION_HOOK_UNKNOWN')
    const having = await startMigrations(fixture.database, { ...QUIET, hooks })
    try {
      await expect.poll(() => see(fixture, 1, 2), A_MOMENT).toEqual({ first: 'Cy', last: 'Roe' })
      await expect.poll(() => see(fixture, 2, 2), A_MOMENT).toEqual({ first: 'Di', last: 'Poe' })
      await expect.poll(async () => (await statusOf(fixture))?.problem ?? null, SOON).toBe(null)
      await ask(fixture, 'done', true)
      await expect.poll(async () => (await statusOf(fixture))?.phase, SOON).toBe('done')
    } finally {
      await having.close()
    }
  } finally {
    await without.close()
  }
})
