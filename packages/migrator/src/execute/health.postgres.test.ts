/** What a backfill pauses for, asked as the login that runs it. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SCOPE } from '../../test/open-databases.ts'
import { type ReplicatedServer, startReplicatedServer } from '../../test/replicated-server.ts'
import { shop } from '../../test/schemas.ts'
import { migrate } from '../index.ts'
import { backfillHealth } from './health.ts'

const CONTACTS = '"backsaas_00000000000070008000000000000004"."contacts"'

let server: ReplicatedServer | null
beforeAll(async () => {
  server = await startReplicatedServer()
}, 60_000)
afterAll(() => server?.stop())

test('a replica that falls behind, and no more once it has caught up', async ({ skip }) => {
  if (!server) return skip('the programs of a Postgres server are not here')
  const database = postgres(server.url)
  try {
    await migrate(database, shop())
    expect(await backfillHealth(database, CONTACTS, 1)).toBeNull()
    const write = `select pg_logical_emit_message(true, 'test', 'something to replay')`
    const emit = () => database.open(SCOPE, 'owner').batch([{ text: write, params: [], prepare: false }])
    await emit()
    server.pause()
    await emit()
    await expect
      .poll(() => backfillHealth(database, CONTACTS, 1), { timeout: 30_000 })
      .toMatch(/^a replica is \d+ seconds behind$/)
    server.resume()
    await expect.poll(() => backfillHealth(database, CONTACTS, 1), { timeout: 30_000 }).toBeNull()
  } finally {
    await database.close?.()
  }
}, 90_000)
