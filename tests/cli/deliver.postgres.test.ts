/** A breaking version to several stores from a terminal: where one fails, on from there, to the end, and back. */
import { writeFileSync } from 'node:fs'
import { postgres } from '@backsaas/adapters/databases/postgres'
import { defineMigrationHook, migrate } from '@backsaas/migrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetCli, startFleetCli } from './start-fleet-cli.ts'

const TEXT = 'code: { type: string, required: true }'
/** Not every text is a number. */
const NUMBER = 'code: { type: integer, required: true, convert: { up: "int(code)", down: "string(code)" } }'
const LONG = 60_000

const NUMBERED = 'code: { type: integer, required: true }'

let fleet: FleetCli
let cli: FleetCli['cli']
beforeAll(async () => {
  fleet = await startFleetCli()
  cli = fleet.cli
  expect(await cli('migrate', fleet.file('shop', TEXT))).toMatchObject({ code: 0 })
  for (const args of [
    ['one', '--position', '1'],
    ['two', '--position', '2'],
    ['eu-1', '--in', 'eu'],
  ]) {
    const [store = ''] = args
    expect(await cli('store', 'create', ...args)).toMatchObject({ code: 0 })
    expect(await cli('tenant', 'create', `of-${store}`, '--schema', 'shop', '--store', store)).toMatchObject({
      code: 0,
    })
    await rows(
      store,
      (table, tenant) => `insert into ${table} (tenant_id, id, code) values ('${tenant}', gen_random_uuid(), '7')`,
    )
  }
  await rows('two', (table) => `update ${table} set code = 'many'`)
}, 2 * LONG)
afterAll(() => fleet?.close())

/** A statement on a store's `people`. */
async function rows(
  store: string,
  sql: (table: string, tenant: string) => string,
): Promise<readonly Record<string, unknown>[]> {
  const { table, tenant } = await fleet.people('shop', store)
  return (store.startsWith('eu') ? fleet.eu : fleet.home).query(sql(table, tenant))
}

/** `double` converts. */
function hooks(): readonly string[] {
  const module = fleet.file('hooks').replace(/yaml$/, 'mjs')
  writeFileSync(module, `export const double = { name: 'double', up: ({ code }) => ({ twice: String(code * 2) }) }`)
  return ['--migration-hooks', module]
}

/** How the newest version stands, and each store: `halted: one live 2, two failed 1`. */
async function standing(): Promise<string> {
  const [{ state, stores }] = JSON.parse((await cli('store', 'status', 'shop', '--json')).out)
  const each = stores.map((one: Record<string, unknown>) => `${one.store} ${one.state} ${one.version}`)
  return `${state}: ${each.join(', ')}`
}

test.each([
  ['--concurrency', '0', 1, '1 to 64: 0'],
  ['--concurrency', '65', 1, '1 to 64: 65'],
  ['--concurrency', 'all', 1, '1 to 64: all'],
  ['--on-error', 'shrug', 2, 'Allowed choices are halt, continue'],
])('%s %s is refused before anything is done', async (option, value, code, message) => {
  const said = await cli('migrate', fleet.file('shop', NUMBER), option, value)
  expect(said).toMatchObject({ code, out: '', err: expect.stringContaining(message) })
  expect((await cli('status', 'shop')).out).toBe('there has been no migration')
})

test(
  'where one store fails and the others go on: it ends with 1, and says which, why and what to do',
  async () => {
    const { code, out, err } = await cli('migrate', fleet.file('shop', NUMBER), '--on-error', 'continue')
    expect([code, out]).toEqual([1, ''])
    const last = err.split('\n').findLast((line) => line.startsWith('backsaas: '))
    expect(last).toContain(
      'version 2 of shop is not in every store: two: people: values for the rows there are: 1 rows',
    )
    expect(last).toContain('(correct them through the API, then go on;')
    expect(last).toContain(
      '; `backsaas migrate --resume shop` goes on, as a migrator process does by itself; the way back: `backsaas rollback shop`)',
    )
    expect(err).toContain('  two: failed, version 1, backfill 2/')
    expect(await standing()).toBe('running: one live 2, two failed 1, eu-1 live 2')
    const again = JSON.parse((await cli('migrate', '--resume', 'shop', '--json')).err.split('\n').at(-1) ?? '')
    expect(again.error).toMatchObject({
      code: 'DELIVERY_HALTED',
      details: { state: 'running', stores: [{ store: 'two', code: 'ROWS_QUARANTINED' }] },
    })
  },
  LONG,
)

test(
  'it is taken back in every store, the one included where it is blocked',
  async () => {
    const back = await cli('rollback', 'shop')
    expect(back).toMatchObject({ code: 0, out: 'shop is at version 1 again; version 2 was taken back' })
    expect(back.err).toContain('shop version 2: returning, ')
    expect(await standing()).toBe('rolled_back: one rolled_back 1, two rolled_back 1, eu-1 rolled_back 1')
    for (const store of ['one', 'two', 'eu-1']) {
      const [row] = await rows(store, (table) => `select pg_typeof(code)::text as type from ${table}`)
      expect(row).toEqual({ type: 'text' })
    }
    expect((await cli('rollback', 'shop')).err).toContain('no migration of shop is under way')
  },
  LONG,
)

test(
  'where a store halts those after it, they are let go on, and that one once it is corrected',
  async () => {
    const halted = await cli('migrate', fleet.file('shop', NUMBER), '--concurrency', '1')
    expect(halted).toMatchObject({ code: 1, out: '' })
    expect(await standing()).toBe('halted: one live 3, two failed 1, eu-1 pending null')
    const left = await cli('migrate', '--resume', 'shop', '--on-error', 'continue')
    expect(left.code).toBe(1)
    expect(await standing()).toBe('running: one live 3, two failed 1, eu-1 live 3')
    await rows('two', (table) => `update ${table} set code = '8'`)
    const done = await cli('migrate', '--resume', 'shop', '--json')
    expect([done.code, JSON.parse(done.out)]).toMatchObject([
      0,
      {
        phase: 'live',
        pinned: { count: 0 },
        delivery: { version: 3, state: 'live', on_error: 'continue', concurrency: 1 },
      },
    ])
  },
  LONG,
)

test(
  'the end comes to every store; to one whose database was away afterwards, by the same command',
  async () => {
    const end = ['migrate', '--resume', 'shop', '--contract', '--now'] as const
    const away = await fleet.cliWith('', ...end)
    expect([away.code, away.err]).toEqual([1, expect.stringContaining('done 10/10 ended')])
    expect(await standing()).toBe('running: one done 3, two done 3, eu-1 unreachable null')
    const ended = await cli(...end)
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.out.split('\n')).toEqual([
      'shop version 3: done, 3 of 3 other stores serve it',
      '  one: done, version 3',
      '  two: done, version 3',
      '  eu-1 (eu): done, version 3',
    ])
    expect((await cli(...end)).err).toContain('no migration of shop is under way')
    for (const database of [fleet.home, fleet.eu]) {
      const versions = await database.query(
        `select distinct v.version, v.state from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
       where p.schema_name = 'shop' and v.state = 'live'`,
      )
      expect(versions).toEqual([{ version: 3, state: 'live' }])
    }
  },
  LONG,
)

/** A migration of another schema that a migrator process is asked for, and waits for `double`. */
async function askForOther(): Promise<void> {
  const database = postgres(fleet.home.url)
  const hooks = [defineMigrationHook({ name: 'double', up: () => ({}) })]
  const twice = '      twice: { type: string, convert: { hook: double } }\n'
  for (const more of ['', twice]) {
    const text = `schema: other\nentities:\n  people:\n    fields:\n      ${NUMBERED}\n${more}`
    await migrate(database, text, { run: { signal: AbortSignal.abort(), hooks } })
  }
  await fleet.home.query(`update backsaas.migrations set wanted = 'live' where schema_name = 'other'`)
  await database.close?.()
}

test(
  'conversions in TypeScript are made in every store, and of no other schema, as no other is promised less time',
  async () => {
    await askForOther()
    const said = await cli(
      'migrate',
      fleet.file('shop', NUMBERED, 'twice: { type: string, convert: { hook: double } }'),
      ...hooks(),
      ...['--drain', '0'],
    )
    expect(said).toMatchObject({ code: 0 })
    const other = `select phase, step, lease_epoch::int from backsaas.migrations where schema_name = 'other'`
    expect(await fleet.home.query(other)).toEqual([{ phase: 'expand', step: 0, lease_epoch: 1 }])
    for (const [store, twice] of [
      ['one', '14'],
      ['two', '16'],
      ['eu-1', '14'],
    ] as const) {
      expect(await rows(store, (table) => `select twice from ${table}`)).toEqual([{ twice }])
    }
  },
  LONG,
)

test(
  'a store to which a schema comes while a version may be taken back begins with the one before it',
  async () => {
    expect(await cli('store', 'create', 'late')).toMatchObject({ code: 0 })
    expect(await cli('tenant', 'create', 'of-late', '--schema', 'shop', '--store', 'late')).toMatchObject({ code: 0 })
    expect(await cli('migrate', '--resume', 'shop', ...hooks())).toMatchObject({ code: 0 })
    expect(await standing()).toContain('late live 4')
    expect(await cli('rollback', 'shop')).toMatchObject({ code: 0 })
    expect(await standing()).toBe(
      'rolled_back: one rolled_back 3, two rolled_back 3, eu-1 rolled_back 3, late rolled_back 3',
    )
  },
  LONG,
)
