/** What the relay clears away, and what it leaves. */
import { memory } from '@backsaas/core/memory-bus'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../../test/open-databases.ts'
import { bootstrap } from '../bootstrap/bootstrap.ts'
import { createTenant } from '../index.ts'
import { type Relay, startRelay } from './start-relay.ts'

const STORE = 'backsaas_00000000000070008000000000000003'
const SYSTEM = '00000000-0000-7000-8000-000000000001'

let db: TestDatabase
let relay: Relay
beforeAll(async () => {
  db = await openPostgres()
  await bootstrap(db.database)
})
afterAll(async () => {
  await relay?.close()
  await db.close()
})

async function count(what: string): Promise<number> {
  const [[found] = []] = await db.sql(`select count(*)::text from ${what}`)
  return Number(found)
}

test('events kept long enough after they were sent, changes that were seen long ago, processes not seen any more', async () => {
  const { id } = await createTenant(db.database, { slug: 'acme' })
  const event = `insert into ${STORE}.events (tenant_id, id, type, source, subject, time, data, position, sent_at)
    select '${SYSTEM}', gen_random_uuid(), 'record.created', '/x', 'x', now() - interval '40 days', '{}', `
  // More than one batch of old ones, some sent a day ago, and one that is old and was never sent.
  await db.sql(`${event} 1000 + i, now() - interval '31 days' from generate_series(1, 4500) i`)
  await db.sql(`${event} 9000 + i, now() - interval '29 days' from generate_series(1, 7) i`)
  await db.sql(`${event} null, null`)
  await db.sql(`insert into backsaas.changes (entity, subject, at, seen_at) values
    ('installs', '${id}', now() - interval '1 day', null), ('installs', '${id}', now(), now() - interval '11 minutes')`)
  const runtime = (seen: string, name: string): Promise<unknown> =>
    db.sql(`insert into ${STORE}.runtimes (tenant_id, id, name, version, started_at, seen_at)
      values ('${SYSTEM}', gen_random_uuid(), '${name}', '1', now(), now() - interval '${seen}')`)
  await runtime('9 minutes', 'up')
  await runtime('11 minutes', 'gone')

  relay = await startRelay(db.database, memory(), { intervalMs: 20, leaseMs: 100, pruneEveryMs: 50 })
  await expect.poll(() => count(`${STORE}.events where sent_at < now() - interval '30 days'`), POLL).toBe(0)
  expect(await count(`${STORE}.events where sent_at < now() - interval '1 day'`)).toBe(7)
  // The one that was never sent is sent first.
  await expect
    .poll(() => count(`${STORE}.events where time < now() - interval '30 days' and sent_at is not null`), POLL)
    .toBe(8)
  expect(await db.sql('select tenant_id::text, position::text from backsaas.pruned_events')).toEqual([[SYSTEM, '5500']])

  await expect.poll(() => count('backsaas.changes where seen_at is null'), POLL).toBe(0)
  // However old it says it is: its transaction may have ended just now.
  expect(await count(`backsaas.changes where at < now() - interval '1 hour'`)).toBe(1)
  expect(await count(`backsaas.changes where seen_at < now() - interval '10 minutes'`)).toBe(0)
  expect(await db.sql(`select name from ${STORE}.runtimes`)).toEqual([['up']])
})

const POLL = { timeout: 20_000, interval: 50 } as const
