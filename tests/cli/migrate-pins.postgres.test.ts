/** A migration by hand of a schema that somebody is pinned to: the command says who holds its end, until when and why, and goes on by itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Database } from '@backsaas/core'
import { createTenant, type MigrationStatus, pinInstall } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'
import { schemaOf } from '../registry/start-registry.ts'
import { makeFolder, runCli, type Started, startCli } from './start-process.ts'

const WAIT = { timeout: 60_000, interval: 50 } as const
const PIN = { tenant: 'globex', profile: 'ledger', until: '30d', reason: 'their year ends' }
const HELD = /globex \(ledger at version 1 until 2\d\d\d-\S+Z: their year ends\)/
const folder = makeFolder()
let server: TestDatabase
let database: Database
const place = (name: string): string => join(folder.path, name)
const env = (): Record<string, string> => ({ DATABASE_URL: server.url })
const cli = (...args: readonly string[]) => runCli(args, env())

beforeAll(async () => {
  writeFileSync(place('before.yaml'), schemaOf('ledger'))
  writeFileSync(place('more.yaml'), schemaOf('ledger', 'more: { type: string }'))
  writeFileSync(place('after.yaml'), schemaOf('ledger', 'more: { type: string, max: 5 }'))
  server = await createTestDatabase()
  expect(await cli('migrate', place('before.yaml'))).toMatchObject({ code: 0 })
  database = postgres(server.url, { max: 2 })
  for (const slug of ['acme', 'globex']) await createTenant(database, { slug, schemas: ['ledger'] })
  await pinInstall(database, PIN)
})
afterAll(async () => {
  await database?.close?.()
  folder.remove()
  await server?.drop()
})

/** A command that waits for pins; the one before, which was killed, has had the migration for ten seconds. */
async function waiting(args: readonly string[]): Promise<Started> {
  for (;;) {
    const one = startCli(args, env())
    await vi.waitUntil(() => /INSTALLS_PINNED|MIGRATION_BUSY/.test(one.stderr()), WAIT)
    if (one.stderr().includes('INSTALLS_PINNED')) return one
    await one.stop()
  }
}

test('who stays at an older version is named: of what is published at once, and of what a migration makes', async () => {
  const published = await cli('migrate', place('more.yaml'), '--json')
  expect(JSON.parse(published.stdout)).toMatchObject({
    version: 2,
    pinned: { count: 1, samples: [{ tenant: 'globex', version: 1, reason: PIN.reason, overdue: false }] },
  })
  const live = await cli('migrate', place('after.yaml'))
  expect(live).toMatchObject({ code: 0, stdout: expect.stringContaining('version 3 is live beside version 2') })
  expect(live.stdout).toMatch(HELD)
  const again = await cli('migrate', '--resume', 'ledger', '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({
    phase: 'live',
    pinned: { count: 1, samples: [{ tenant: 'globex' }] },
  })
})

test('the contract says for whom it waits, to people and as JSON; stopped it is resumable, and unpinned it goes on', async () => {
  const end = ['migrate', '--resume', 'ledger', '--contract', '--now']
  const first = startCli(end, env())
  await vi.waitUntil(() => first.stderr().includes('INSTALLS_PINNED'), WAIT)
  expect(first.stderr()).toMatch(HELD)
  expect(first.stderr()).toContain('`backsaas unpin globex ledger`')
  expect(await first.stop()).toMatchObject({ stdout: '' })
  const [status] = JSON.parse((await cli('status', 'ledger', '--json')).stdout) as MigrationStatus[]
  expect(status).toMatchObject({ phase: 'contract', state: 'waiting', problem: { code: 'INSTALLS_PINNED', count: 1 } })
  const second = await waiting([...end, '--json'])
  const told = second
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MigrationStatus)
  expect(told.at(-1)).toMatchObject({
    schema: 'ledger',
    state: 'waiting',
    problem: {
      code: 'INSTALLS_PINNED',
      count: 1,
      samples: [{ tenant: 'globex', profile: 'ledger', version: 1, reason: PIN.reason, until: expect.any(String) }],
    },
  })
  expect(await cli('unpin', 'globex', 'ledger')).toMatchObject({ code: 0 })
  const ended = await second.ended
  expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([
    0,
    { phase: 'done', pinned: { count: 0, samples: [] } },
  ])
})
