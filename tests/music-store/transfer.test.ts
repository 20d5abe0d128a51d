/** Import and export through a real API: rows without key, and texts that CSV guards. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEED_PATH, type StoreFixture, startStore } from './store-fixture.ts'

let store: StoreFixture
beforeAll(async () => {
  store = await startStore('pglite')
  const report = ['--report', join(store.folder, 'seed.refused')]
  expect(await store.cli(['import', SEED_PATH, ...store.access(store.tenants.acme), ...report])).toMatchObject({
    code: 0,
  })
})
afterAll(() => store.close())

test('rows without key change none that is there, whatever is said of existing ones', async () => {
  const { acme } = store.tenants
  const before = (await acme.get('/genres?order=genre_id')).rows
  const path = join(store.folder, 'genres.ndjson')
  writeFileSync(path, '{"name":"Overwritten?"}\n{"name":"Lost?"}\n')
  for (const existing of ['update', 'keep']) {
    const report = ['--report', join(store.folder, `${existing}.refused`)]
    await store.cli(['import', path, ...store.access(acme), '--existing', existing, ...report])
    const after = (await acme.get('/genres?order=genre_id')).rows
    const there = before.map(({ genre_id: id }) => id)
    expect(after.filter(({ genre_id: id }) => there.includes(id))).toEqual(before)
  }
})

test('phone numbers come back from CSV as they were', async () => {
  const { acme, globex } = store.tenants
  const phones = ['+55 (12) 3923-5555', '-1', '=1+1', '@home', "'tis", '030 1']
  const rows = phones.map((phone, i) => ({
    customer_id: 900 + i,
    first_name: 'A',
    last_name: 'B',
    email: `c${i}@x.example`,
    phone,
  }))
  const source = join(store.folder, 'customers.ndjson')
  writeFileSync(source, rows.map((row) => JSON.stringify(row)).join('\n'))
  const report = ['--report', join(store.folder, 'phones.refused')]
  expect(await store.cli(['import', source, ...store.access(acme), ...report])).toMatchObject({ code: 0, err: '' })
  const csv = ['--format', 'csv', '--entity', 'customers:customer_id', '--out', store.folder]
  expect(await store.cli(['export', ...store.access(acme), ...csv])).toMatchObject({ code: 0 })
  const path = join(store.folder, 'customers.csv')
  expect(readFileSync(path, 'utf8')).toContain("'+55")
  const without = ['--map', 'customers.support_rep_id=']
  expect(await store.cli(['import', path, ...store.access(globex), ...without, ...report])).toMatchObject({ code: 0 })
  const copied = await globex.get('/customers?customer_id=gte.900&order=customer_id&select=phone')
  expect(copied.rows.map(({ phone }) => phone)).toEqual(phones)
})
