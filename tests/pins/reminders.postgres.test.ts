/** Reminders of processes that are killed at any moment: none is told twice, none is lost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTenant, pinInstall } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

/** More than one transaction takes. */
const TENANTS = 220
const ROUNDS = ['6 days', '12 hours', '-1 minute', '-8 days']
const PROCESS = fileURLToPath(new URL('reminding-process.ts', import.meta.url))

let fixture: Fixture
let installs: string
let events: string
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
  ;[installs, events] = await tables()
  for (let n = 0; n < TENANTS; n++) {
    await createTenant(fixture.database, { slug: `pinned-${n}`, schemas: ['crm'] })
    await pinInstall(fixture.database, { tenant: `pinned-${n}`, profile: 'crm', until: '30d', reason: 'an audit' })
  }
}, 120_000)
afterAll(() => fixture?.close())

async function tables(): Promise<[string, string]> {
  const [row] = await fixture.ownerQuery(
    `select format('%I.%I', m ->> 'schema', m #>> '{entities,installs,table}'), format('%I.%I', m ->> 'schema', m #>> '{entities,events,table}')
     from (select v.mapping::jsonb as m from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
           where p.schema_name = 'platform' and v.state = 'live' order by v.version desc limit 1) x`,
  )
  return [String(row?.[0]), String(row?.[1])]
}

/** How often each tenant was told, as `tenants told × times`. */
async function told(): Promise<Record<string, number>> {
  const rows = await fixture.ownerQuery(
    `select times::text, count(*)::text from (
       select tenant_id, count(*) as times from ${events} where type like 'install.pin\\_%' group by 1) x group by 1 order by 1`,
  )
  return Object.fromEntries(rows.map(([times, tenants]) => [String(times), Number(tenants)]))
}

async function begin(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=@backsaas/source', PROCESS, fixture.url ?? ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('each is told once, by two processes that are killed and begun again', { timeout: 120_000 }, async () => {
  for (const [round, away] of ROUNDS.entries()) {
    const two = [await begin(), await begin()]
    await fixture.ownerQuery(
      `update ${installs} set pinned_until = clock_timestamp() + interval '${away}' where pinned_to is not null`,
    )
    // While they tell: the first batch is a few milliseconds away.
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 15))
    await Promise.all(two.map(kill))
    const again = [await begin(), await begin()]
    await expect.poll(told, { timeout: 20_000 }).toEqual({ [round + 1]: TENANTS })
    await Promise.all(again.map(kill))
  }
  expect(await told()).toEqual({ [ROUNDS.length]: TENANTS })
  const moved = await fixture.ownerQuery(`select count(*)::text from ${installs} where pinned_to <> version`)
  expect(moved).toEqual([['0']])
})
