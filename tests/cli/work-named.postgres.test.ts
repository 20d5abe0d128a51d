/** What the migrator process does in further databases where a URL was mixed up. */
import { pg } from '@backsaas/adapters/databases/pg'
import type { Database, Observation } from '@backsaas/core'
import { bootstrap, createTenant } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setUpNamed, workNamed } from '../../packages/cli/src/migrator/work-named.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'

const EVENTS = 'backsaas_00000000000070008000000000000003.events'
const SCOPE = { waitUntil: () => undefined, now: () => Date.now() }
const IO = {
  env: {},
  isTty: false,
  out: () => undefined,
  err: () => undefined,
  untilStopped: () => new Promise<void>(() => {}),
}

let servers: TestDatabase[]
let home: Database
let other: Database
beforeAll(async () => {
  servers = [await createTestDatabase(), await createTestDatabase()]
  home = pg(String(servers[0]?.url))
  other = pg(String(servers[1]?.url))
  await Promise.all([bootstrap(home), bootstrap(other)])
  await createTenant(other, { slug: 'theirs' })
}, 60_000)
afterAll(async () => {
  await Promise.all([home?.close?.(), other?.close?.()])
  for (const server of servers ?? []) await server.drop()
})

async function rows(database: Database, text: string): Promise<readonly (readonly (string | null)[])[]> {
  const [result] = await database.open(SCOPE, 'owner').batch([{ text, params: [], prepare: false }])
  return result?.rows ?? []
}

test.each([
  ['its own', null],
  ['the same name', 'eu'],
])('a database of another platform, of %s, is left as it is, and said to be one', async (_, name) => {
  await rows(other, `update backsaas.identity set name = ${name === null ? 'null' : `'${name}'`}`)
  const seen: Observation[] = []
  const observe = (one: Observation): void => void seen.push(one)
  const fleet = { home, named: { eu: other } }
  const before = await rows(other, 'select * from backsaas.identity')
  // What a repair would make again.
  await rows(other, 'drop function if exists backsaas.limit_jobs cascade')
  const isSetUp = await setUpNamed(fleet, observe, IO)
  expect([...isSetUp]).toEqual([])
  const close = workNamed({ fleet, observe, isSetUp, hooks: [], executor: null }, IO)
  await expect
    .poll(() => seen[0], { timeout: 10_000 })
    .toMatchObject({
      ...{ kind: 'error', code: 'DATABASE_TAKEN' },
      error: { message: expect.stringMatching(/^database eu: /) },
    })
  await close()
  expect(await rows(other, 'select * from backsaas.identity')).toEqual(before)
  expect(await rows(other, `select 1 from pg_proc where proname = 'limit_jobs'`)).toEqual([])
  expect(await rows(home, `select 1 from ${EVENTS} where type = 'tenant.created'`)).toEqual([])
})
