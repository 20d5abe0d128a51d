/** A version that is retired under requests: each is answered from the newer one, a write with its body. */

import { migrate } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const FIRST = 'schema: moving\nentities:\n  things:\n    fields: { name: { type: string } }\n'
const SECOND = FIRST.replace('} }', '}, more: { type: string, default: new } }')

let fixture: Fixture
let caller: Caller
beforeAll(async () => {
  // Nothing tells it: only the fence does.
  fixture = await startFixture({ database: 'postgres', schemas: [FIRST], runtime: { beat: false } })
  caller = await fixture.newTenant()
})
afterAll(() => fixture?.close())

test('reads, creates, upserts, updates and deletes go on, each with what was sent', async () => {
  const [row] = await caller.add('things', [{ name: 'first' }])
  expect((await caller.get('/things?select=more')).status).toBe(400)
  await migrate(fixture.database, SECOND)
  await fixture.ownerQuery(`update backsaas.versions v set state = 'retired' from backsaas.placements p
    where p.id = v.placement_id and p.schema_name = 'moving' and v.version = 1`)
  // All at once: whoever meets the fence renews for all.
  const answers = await Promise.all([
    caller.post('/things', { name: 'created' }, { prefer: 'return=representation' }),
    caller.post('/things', [{ name: 'a' }, { name: 'b' }], { prefer: 'return=representation' }),
    caller.patch(`/things?id=eq.${row?.id}`, { name: 'changed' }, { prefer: 'return=representation' }),
    caller.get('/things?name=eq.nobody'),
  ])
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 200, 200])
  expect(answers[0]?.rows).toMatchObject([{ name: 'created', more: 'new' }])
  expect(answers[1]?.rows.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(answers[2]?.rows).toMatchObject([{ name: 'changed', more: 'new' }])
  expect((await caller.delete('/things?name=eq.created')).status).toBe(204)
  expect((await caller.get('/things?select=name&order=name')).rows).toEqual([
    { name: 'a' },
    { name: 'b' },
    { name: 'changed' },
  ])
})
