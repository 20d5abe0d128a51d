/** A roll-out from a terminal: the command in process, on a database. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@backsaas/cli'
import { createStore, createTenant, startDeliveries, startRollouts } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { tableOf } from '../rollouts/start-rolling.ts'

const folder = mkdtempSync(join(tmpdir(), 'backsaas-rollout-'))
let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [schemaOf('shop')] })
})
afterAll(async () => {
  await fixture?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function cli(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []]
  const io = {
    env: {},
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    untilStopped: () => new Promise<void>(() => {}),
  }
  const code = await run([...args, '--database', fixture.url ?? ''], io as Parameters<typeof run>[1])
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test('held back, started, followed to its end; and what is said wrongly is told', async () => {
  const file = join(folder, 'shop.yaml')
  writeFileSync(file, schemaOf('shop', 'body: { type: text }'))
  expect((await cli('rollout', 'status')).out).toContain('there has been no roll-out')
  expect(await cli('migrate', file, '--hold')).toMatchObject({ code: 0 })
  expect(await cli('rollout', 'start', 'shop', '--waves', '10,ten')).toMatchObject({ code: 1 })
  expect((await cli('rollout', 'start', 'shop', '--gate', 'luck=1')).err).toContain('is no gate')
  expect((await cli('rollout', 'abort', 'shop')).err).toContain('there is no roll-out')
  const rollouts = await startRollouts(fixture.database, { intervalMs: 50 })
  const args = ['--where', "slug == 'acme'", '--waves', '100', '--bake', '200ms', '--gate', 'min_requests=0', '--watch']
  const watched = await cli('rollout', 'start', 'shop', ...args)
  await rollouts.close()
  expect(watched).toMatchObject({ code: 0, err: '' })
  expect(watched.out).toContain('shop goes from version 1 to 2 in 2 waves, 2 installs')
  expect(watched.out).toContain('shop version 1 to 2: done, wave 2 of 2, 2 of 2 installs moved')
  expect(watched.out).not.toContain('stores:')
  const { out } = await cli('rollout', 'status', 'shop', '--json')
  expect(JSON.parse(out)).toMatchObject([{ schema_name: 'shop', state: 'done', moved: 2 }])
  expect((await cli('rollout', 'pause', 'shop')).err).toContain('is done')
})

test('first waves are stores too, in the order that is said, and each store is counted', async () => {
  const fleet = { home: fixture.database, named: {} }
  for (const name of ['canary', 'big']) {
    await createStore(fleet, { name })
    await createTenant(fleet, { slug: `of-${name}`, schemas: ['shop'], store: name })
  }
  const file = join(folder, 'next.yaml')
  writeFileSync(file, schemaOf('shop', 'body: { type: text }', 'more: { type: text }'))
  const deliveries = await startDeliveries(fleet, { intervalMs: 50 })
  expect(await cli('migrate', file, '--hold')).toMatchObject({ code: 0 })
  await deliveries.close()
  const unknown = await cli('rollout', 'start', 'shop', '--store', 'canary', 'nowhere')
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('there is no store "nowhere"') })
  const started = await cli(
    ...['rollout', 'start', 'shop', '--store', 'canary', '--where', "slug == 'acme'", '--store', 'big'],
    ...['--waves', '100', '--bake', '1h'],
  )
  expect(started).toMatchObject({ code: 0, out: expect.stringContaining('version 2 to 3 in 4 waves, 4 installs') })
  const [row] = JSON.parse((await cli('rollout', 'status', 'shop', '--json')).out)
  expect(row.waves.map(({ store, where, percent }: Record<string, unknown>) => store ?? where ?? percent)).toEqual([
    'canary',
    "slug == 'acme'",
    'big',
    100,
  ])
  const rollouts = await startRollouts(fixture.database, { intervalMs: 50 })
  const line = async (): Promise<string> => (await cli('rollout', 'status', 'shop')).out.split('\n')[1] ?? ''
  await expect.poll(line).toBe('  stores: big 0 of 1, canary 1 of 1, default 0 of 2')
  expect(await cli('rollout', 'advance', 'shop')).toMatchObject({ code: 0 })
  await expect.poll(line).toBe('  stores: big 0 of 1, canary 1 of 1, default 1 of 2')

  expect(await cli('rollout', 'advance', 'shop', '--force')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--force needs a --reason'),
  })
  expect((await cli('rollout', 'advance', 'shop', '--reason', 'known')).err).toContain('is for `force` alone')
  const forced = await cli('rollout', 'advance', 'shop', '--force', '--reason', 'known')
  expect(forced).toMatchObject({ code: 0, out: 'shop version 3: running, wave 3 of 4' })
  expect((await cli('rollout', 'status', 'shop')).out).toContain('\n  forced: known\n')
  const log = await fixture.ownerQuery(
    `select actor ->> 'kind', change ->> 'waves' from ${await tableOf(fixture, 'audit_log')} where entity = 'rollouts'`,
  )
  expect(log).toMatchObject([['operator', expect.stringContaining('"forced": "known"')]])
  await rollouts.close()
})
