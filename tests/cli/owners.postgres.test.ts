/** Schemas of one name that several owners have: which one a command is about. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FleetCli, startFleetCli } from './start-fleet-cli.ts'

const TEXT = 'code: { type: string }'
/** Not every text is a number. */
const NUMBER = 'code: { type: integer, convert: { up: "int(code)", down: "string(code)" } }'
const LONG = 60_000

let fleet: FleetCli
let cli: FleetCli['cli']
beforeAll(async () => {
  fleet = await startFleetCli()
  cli = fleet.cli
  expect(await cli('migrate', fleet.file('other', TEXT))).toMatchObject({ code: 0 })
  for (const owner of ['acme', 'globex']) expect(await cli('tenant', 'create', owner)).toMatchObject({ code: 0 })
  for (const fields of [TEXT, NUMBER]) {
    for (const owner of ['acme', 'globex']) {
      const said = await cli('migrate', fleet.file('shop', fields), '--owner', owner)
      expect(said).toMatchObject({ code: 0 })
      if (fields === NUMBER) expect(said.out).toContain(`backsaas rollback ${owner}/shop`)
    }
  }
}, LONG)
afterAll(() => fleet?.close())

/** How migrations of a schema stand: `live`, the newest first. */
async function phases(schema: string): Promise<string> {
  const found: { readonly phase: string }[] = JSON.parse((await cli('status', schema, '--json')).out)
  return found.map(({ phase }) => phase).join(' ')
}

test.each([
  [['migrate', '--resume', 'shop']],
  [['migrate', '--resume', 'shop', '--contract', '--now']],
  [['rollback', 'shop']],
])('%j is refused where two tenants have one, and says how to say which', async (args) => {
  expect(await cli(...args)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/several tenants have a schema named "shop" \(say whose: acme\/shop, globex\/shop\)/),
  })
  expect(await phases('shop')).toBe('live live')
})

test(
  'said whose it is, the other one is left as it is',
  async () => {
    expect(await cli('rollback', 'acme/shop')).toMatchObject({ code: 0 })
    expect([await phases('acme/shop'), await phases('globex/shop')]).toEqual(['rolled_back', 'live'])
    const ended = await cli('migrate', '--resume', 'shop', '--owner', 'globex', '--contract', '--now')
    expect(ended).toMatchObject({ code: 0 })
    expect([await phases('acme/shop'), await phases('globex/shop')]).toEqual(['rolled_back', 'done'])
    expect((await cli('migrate', '--resume', 'initech/shop')).err).toContain(
      'no migration of initech/shop is under way',
    )
    expect((await cli('status', 'initech/shop')).err).toContain('there is no schema "initech/shop"')
  },
  LONG,
)

test(
  'a name alone is the platform’s own, whatever tenants have',
  async () => {
    expect(await cli('migrate', fleet.file('shop', NUMBER), '--owner', 'acme')).toMatchObject({ code: 0 })
    for (const fields of [TEXT, NUMBER])
      expect(await cli('migrate', fleet.file('shop', fields))).toMatchObject({ code: 0 })
    expect(await cli('rollback', 'shop')).toMatchObject({ code: 0 })
    expect([await phases('system/shop'), await phases('acme/shop')]).toEqual(['rolled_back', 'live rolled_back'])
  },
  LONG,
)
