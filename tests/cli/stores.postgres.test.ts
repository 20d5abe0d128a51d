/** Stores from a terminal: made, filled with tenants, and brought versions of schemas; what is wrong is said, with what to do. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { bootstrap, createTenant } from '@backsaas/migrator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../fixture/test-server.ts'
import { type FleetCli, startFleetCli } from './start-fleet-cli.ts'

const CODE = 'code: { type: string, required: true }'
const NICK = 'nick: { type: string }'

let fleet: FleetCli
let cli: FleetCli['cli']
beforeAll(async () => {
  fleet = await startFleetCli()
  cli = fleet.cli
  expect((await cli('store', 'list')).err).toContain('run `backsaas migrate`')
  expect(await cli('migrate', fleet.file('shop', CODE))).toMatchObject({ code: 0 })
  for (const args of [['big'], ['own', '--dedicated', '--position', '1'], ['eu-1', '--in', 'eu']]) {
    expect(await cli('store', 'create', ...args)).toMatchObject({ code: 0, err: '' })
  }
}, 60_000)
afterAll(() => fleet?.close())

describe('store create', () => {
  test('says what it has made, and as JSON', async () => {
    expect(await cli('store', 'create', 'spare')).toEqual({ code: 0, out: 'store spare (pooled)', err: '' })
    const made = await cli('store', 'create', 'eu-2', '--in', 'eu', '--dedicated', '--json')
    expect(JSON.parse(made.out)).toMatchObject({ name: 'eu-2', kind: 'dedicated', database: 'eu', dedicatedTo: null })
  })

  test.each([
    ['a database that is not known', ['us-1', '--in', 'us'], 1, 'BACKSAAS_DATABASES="us=postgres://…"'],
    ['a name that is taken', ['big'], 1, 'there is a store "big" already'],
    ['a name that cannot be', ['Big store'], 1, 'lower-case letters, digits'],
    ['the name of the registry', ['platform'], 1, '`platform` is the registry'],
    ['a position that is no number', ['more', '--position', 'first'], 2, 'a whole number from 0 on'],
    ['a position below 0', ['more', '--position', '-1'], 2, 'a whole number from 0 on'],
  ])('refuses %s', async (_, args, code, message) => {
    const said = await cli('store', 'create', ...args)
    expect(said).toMatchObject({ code, out: '', err: expect.stringContaining(message) })
    expect((await cli('store', 'create', ...args, '--json')).err).toMatch(/^\{"error":\{"code":"[A-Z_]+","message"/)
  })

  test('refuses a database that is not the one of that name, and URLs that cannot be read', async () => {
    const create = ['store', 'create', 'more', '--in'] as const
    expect(await fleet.cliWith(`us=${fleet.eu.url}`, ...create, 'us')).toMatchObject({
      code: 1,
      err: expect.stringContaining('what was given as "us" is the database "eu" of a platform (check the URLs'),
    })
    expect((await fleet.cliWith('eu', ...create, 'eu')).err).toContain('BACKSAAS_DATABASES cannot be read')
  })
})

test('migrate sets no database up that is another platform’s, and does nothing before it is said', async () => {
  const theirs = await createTestDatabase()
  const database = postgres(theirs.url)
  await bootstrap(database)
  await createTenant(database, { slug: 'theirs' })
  await database.close?.()
  // What setting it up would make again.
  await theirs.query('drop function backsaas.limit_jobs cascade')
  for (const [name, what] of [
    ['null', 'a platform of its own'],
    [`'eu'`, 'the database "eu" of a platform'],
  ]) {
    await theirs.query(`update backsaas.identity set name = ${name}`)
    const said = await fleet.cliWith(`eu=${theirs.url}`, 'migrate', fleet.file('never', CODE))
    expect(said).toMatchObject({ code: 1, out: '', err: expect.stringContaining(`what was given as "eu" is ${what}`) })
  }
  expect(await theirs.query(`select 1 from pg_proc where proname = 'limit_jobs'`)).toEqual([])
  expect(await fleet.home.query(`select 1 from backsaas.placements where schema_name = 'never'`)).toEqual([])
  await theirs.drop()
})

test('what is the registry’s to say is not said to another database', async () => {
  const mixedUp = { home: fleet.eu.url }
  for (const args of [
    ['migrate', fleet.file('other', CODE)],
    ['tenant', 'create', 'lost'],
    ['store', 'create', 'more'],
  ]) {
    const { code, err } = await fleet.cliWith(mixedUp, ...args)
    expect([code, err]).toEqual([1, expect.stringContaining('this is the database "eu": the registry is in another')])
  }
})

test('store list has their order, whose they are, and how much is in them', async () => {
  expect((await cli('store', 'list')).out.split('\n')).toEqual([
    'own: dedicated, 0 schemas, 0 tenants',
    'big: pooled, 0 schemas, 0 tenants',
    'default: pooled, 1 schema, 0 tenants',
    'eu-1: pooled in eu, 0 schemas, 0 tenants',
    'eu-2: dedicated in eu, 0 schemas, 0 tenants',
    'spare: pooled, 0 schemas, 0 tenants',
  ])
})

test('nothing has been delivered where every schema is in one store, the platform’s own included', async () => {
  expect((await cli('store', 'status')).out).toBe('no schema has been delivered to another store')
  expect((await cli('store', 'status', '--json')).out).toBe('[]')
})

test('tenants come to the store that is named, with what they install', async () => {
  const create = ['tenant', 'create'] as const
  for (const [slug, store] of [
    ['anna', 'big'],
    ['bert', 'eu-1'],
    ['carl', 'own'],
  ] as const) {
    expect(await cli(...create, slug, '--schema', 'shop', '--store', store)).toMatchObject({ code: 0, err: '' })
  }
  expect(await cli(...create, 'dora')).toMatchObject({ code: 0 })
  expect(await cli('install', 'shop', '--tenant', 'dora', '--store', 'eu-1')).toMatchObject({ code: 0, err: '' })
  const stores = JSON.parse((await cli('store', 'list', '--json')).out)
  expect(stores).toContainEqual({ ...stores[0], name: 'own', dedicatedTo: 'carl', schemas: 1, tenants: 1 })
  expect(stores).toContainEqual({ ...stores[3], name: 'eu-1', database: 'eu', schemas: 1, tenants: 2 })
  expect((await cli('store', 'list')).out).toContain('own: dedicated of carl, 1 schema, 1 tenant\n')
})

test('and nowhere where the store is unknown, somebody else’s, or in a database that is not given', async () => {
  const create = ['tenant', 'create', 'emil', '--schema', 'shop', '--store'] as const
  expect(await cli(...create, 'nowhere')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no store "nowhere" (make it with `backsaas store create`)'),
  })
  expect((await cli(...create, 'own')).err).toContain('the store "own" is another tenant\'s (make one for this tenant')
  expect((await fleet.cliWith('', ...create, 'eu-1')).err).toContain('no database "eu" (name it with its URL: ')
  expect((await cli('install', 'shop', '--tenant', 'dora', '--store', 'nowhere', '--as', 'more')).code).toBe(1)
  const [found] = await fleet.home.query('select count(*)::int as count from backsaas.fence_tenants')
  expect(found?.count).toBe(5)
})

test('a tenant’s schema is taken to another store by hand: what it had stays where it was', async () => {
  expect(await cli('tenant', 'create', 'fred', '--schema', 'shop')).toMatchObject({ code: 0 })
  expect((await cli('store', 'list')).out).toContain('default: pooled, 1 schema, 1 tenant\n')
  expect(await cli('uninstall', 'shop', '--tenant', 'fred')).toMatchObject({ code: 0 })
  expect(await cli('install', 'shop', '--tenant', 'fred', '--store', 'big')).toMatchObject({ code: 0 })
  const list = (await cli('store', 'list')).out
  expect(list).toContain('big: pooled, 1 schema, 2 tenants')
  expect(list).toContain('default: pooled, 1 schema, 0 tenants')
})

test('--store is for a database: over HTTP an install goes where the tenant has its rows', async () => {
  const { code, err } = await cli('install', 'shop', '--store', 'big', '--url', 'http://127.0.0.1:9/t/x', '--key', 'k')
  expect([code, err]).toEqual([1, expect.stringContaining('--store needs --database')])
})

describe('a compatible version', () => {
  test('goes to every store; where a database is not given, the command says so and ends with 1', async () => {
    const file = fleet.file('shop', CODE, NICK)
    const halted = await fleet.cliWith('', 'migrate', file)
    expect(halted).toMatchObject({ code: 1, out: '' })
    expect(halted.err).toContain('eu-1 (eu): unreachable  DATABASE_UNKNOWN: this process was given no database "eu"')
    expect(halted.err).toContain('BACKSAAS_DATABASES="eu=postgres://…"; `backsaas migrate --resume shop` goes on')
    expect(halted.err).not.toContain('rollback')
    expect((await cli('store', 'status', 'shop')).out.split('\n')).toEqual([
      'shop version 2: halted, 2 of 3 other stores serve it',
      '  own: done, version 2',
      '  big: done, version 2',
      expect.stringContaining('  eu-1 (eu): unreachable  DATABASE_UNKNOWN'),
    ])
    // The very content that is live already: what is left of it is done.
    const again = await cli('migrate', file, '--json')
    expect([again.code, JSON.parse(again.out)]).toMatchObject([
      0,
      { version: 2, created: false, delivery: { state: 'done', on_error: 'halt', concurrency: 4 } },
    ])
  }, 30_000)
})
