/** `tenant_id` leads every key of every table of a store: what isolation rests on, and what distributing tables by tenant asks for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
})
afterAll(() => fixture?.close())

/** Tables of all stores, the platform's too. */
const TABLES = `select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname in (select pg_schema from backsaas.placements)`

test('every table has it, not null', async () => {
  const without = await fixture.ownerQuery(
    `select t.oid::regclass::text from (${TABLES}) t where not exists (
       select from pg_attribute a where a.attrelid = t.oid and a.attname = 'tenant_id' and a.attnotnull)`,
  )
  expect(without).toEqual([])
  expect((await fixture.ownerQuery(TABLES)).length).toBeGreaterThan(20)
})

test('it is the first column of every unique index, primary keys included', async () => {
  const others = await fixture.ownerQuery(
    `select i.indexrelid::regclass::text from pg_index i join (${TABLES}) t on t.oid = i.indrelid
     where i.indisunique and (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0]) is distinct from 'tenant_id'`,
  )
  expect(others).toEqual([])
})

test('every reference carries it to the same tenant', async () => {
  const references = await fixture.ownerQuery(
    `select c.conname, (select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1]),
       (select attname from pg_attribute where attrelid = c.confrelid and attnum = c.confkey[1])
     from pg_constraint c join (${TABLES}) t on t.oid = c.conrelid where c.contype = 'f'`,
  )
  expect(references.length).toBeGreaterThan(3)
  expect(references.filter(([, from, to]) => from !== 'tenant_id' || to !== 'tenant_id')).toEqual([])
})
