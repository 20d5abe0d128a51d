/** A version that a hook fills goes live with nothing queued, and the older one is taken away with nothing queued either. */
import { defineMigrationHook, migrate, runMigration } from '@backsaas/migrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'
import { AFTER, at, BEFORE, see, splitName, statusOf } from './split-name.ts'

const hooks = [splitName]

let fixture: Fixture
beforeEach(async () => {
  fixture = await startFixture({ database: 'postgres', schemas: [BEFORE] })
  await fixture.tenants.acme.add('people', [
    { n: 1, name: 'Ann Low' },
    { n: 2, name: 'Bo Ray' },
  ])
})
afterEach(() => fixture.close())

/** Until the hook's step is done, and no further. */
async function untilConverted(): Promise<string> {
  const stopping = new AbortController()
  await migrate(fixture.database, AFTER, {
    run: {
      hooks,
      signal: stopping.signal,
      progress: ({ plan, step }) => plan.steps[step - 1]?.kind === 'hook' && stopping.abort(),
    },
  })
  const status = await statusOf(fixture)
  expect(status?.phase).toBe('backfill')
  return status?.id ?? ''
}

test('what was written after the step', async () => {
  const { acme } = fixture.tenants
  const id = await untilConverted()
  expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' })).status).toBe(204)
  expect((await acme.post('/people', { n: 3, name: 'Di Poe' })).status).toBe(201)
  await expect(runMigration(fixture.database, id)).rejects.toMatchObject({ code: 'MIGRATION_HOOK_UNKNOWN' })
  expect((await statusOf(fixture))?.phase).toBe('backfill')
  await runMigration(fixture.database, id, { hooks })
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Cy', last: 'Roe' })
  expect(await see(fixture, 3, 2)).toEqual({ first: 'Di', last: 'Poe' })
  expect(await fixture.ownerQuery('select 1 from backsaas.migration_keys')).toEqual([])
})

test('a row that it fails for stands in the way of the new version', async () => {
  const { acme } = fixture.tenants
  const id = await untilConverted()
  expect((await acme.patch('/people?n=eq.1', { name: 'fails' })).status).toBe(204)
  await expect(runMigration(fixture.database, id, { hooks })).rejects.toMatchObject({
    code: 'MIGRATION_BLOCKED',
    details: { code: 'HOOK_FAILED', count: 1 },
  })
  expect((await statusOf(fixture))?.phase).toBe('backfill')
  expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' })).status).toBe(204)
  await runMigration(fixture.database, id, { hooks })
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Cy', last: 'Roe' })
})

test('rows that keep coming do not keep it from going live, and none of them stays behind', async () => {
  const { acme } = fixture.tenants
  const slow = defineMigrationHook({
    ...splitName,
    async up(row, context) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return splitName.up(row, context)
    },
  })
  let last = 0
  let isWriting = true
  const writers = [1, 2].map(async (n) => {
    while (isWriting) expect((await acme.patch(`/people?n=eq.${n}`, { name: `a${++last} b` }, at(1))).status).toBe(204)
  })
  await migrate(fixture.database, AFTER, { run: { hooks: [slow], drainMs: 0 } })
  isWriting = false
  await Promise.all(writers)
  expect(last).toBeGreaterThan(20)
  const { id = '', token } = (await statusOf(fixture)) ?? {}
  const [written] = (await acme.get('/people?n=eq.1&select=name', at(1))).rows
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '', hooks })
  const [seen] = (await acme.get('/people?n=eq.1&select=first,last', at(2))).rows
  expect(`${seen?.first} ${seen?.last}`).toBe(written?.name)
}, 60_000)

test('two hooks of one table each get what is written', async () => {
  const both = AFTER.replace(
    'other: { type: string }',
    'other: { type: string }\n      loud: { type: string, convert: { hook: loud_name } }',
  )
  const loudName = defineMigrationHook({ name: 'loud_name', up: ({ name }) => ({ loud: String(name).toUpperCase() }) })
  const { acme } = fixture.tenants
  const two = [splitName, loudName]
  await migrate(fixture.database, both, { run: { hooks: two } })
  expect((await acme.patch('/people?n=eq.1', { name: 'Cy Roe' }, at(1))).status).toBe(204)
  const { id = '', token } = (await statusOf(fixture)) ?? {}
  await runMigration(fixture.database, id, { until: 'done', now: true, token: token ?? '', hooks: two })
  expect((await acme.get('/people?n=eq.1&select=first,last,loud', at(2))).rows).toEqual([
    { first: 'Cy', last: 'Roe', loud: 'CY ROE' },
  ])
})

test('what is written between the hook’s last step and what it takes away', async () => {
  await migrate(fixture.database, AFTER, { run: { hooks } })
  const { id = '', token } = (await statusOf(fixture)) ?? {}
  const stopping = new AbortController()
  const how = { until: 'done', now: true, token: token ?? '', hooks } as const
  await runMigration(fixture.database, id, {
    ...how,
    signal: stopping.signal,
    progress: ({ plan, step, phase }) => {
      if (phase === 'contract' && plan.steps[step - 1]?.kind === 'hook') stopping.abort()
    },
  })
  expect((await statusOf(fixture))?.phase).toBe('contract')
  const [place] = await fixture.ownerQuery(
    `select format('%I.%I', p.pg_schema, e ->> 'table'), e -> 'columns' ->> 'name', e -> 'columns' ->> 'n'
     from backsaas.versions v join backsaas.placements p on p.id = v.placement_id,
       lateral (select v.mapping::json -> 'entities' -> 'people' as e) m where p.schema_name = 'crm' and v.version = 1`,
  )
  // Somebody in psql: clients of the older version are gone.
  await fixture.ownerQuery(`update ${place?.[0]} set "${place?.[1]}" = 'Ed Orr' where "${place?.[2]}" = 1`)
  await runMigration(fixture.database, id, how)
  expect(await see(fixture, 1, 2)).toEqual({ first: 'Ed', last: 'Orr' })
})
