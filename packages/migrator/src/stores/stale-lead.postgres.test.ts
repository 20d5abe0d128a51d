/** A store is brought a version by who has read the default store before a roll-out was over: it is held back no more. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../../test/open-databases.ts'
import { migratorTransaction } from '../execute/migrator-transaction.ts'
import { bootstrap, createStore, createTenant, migrate } from '../index.ts'
import { readPlatform } from '../registry/platform.ts'
import { releaseVersion } from '../registry/release-version.ts'
import { bringVersion } from './bring-version.ts'
import { type Lead, readContent, readLead } from './lead.ts'
import { readPlacements } from './store-rows.ts'

const schema = (fields: string): string => `schema: crm\nentities:\n  people:\n    fields:\n${fields}`
const NAME = '      name: { type: string }\n'
const PRICE = '      price: { type: integer }\n'

let db: TestDatabase
beforeEach(async () => {
  db = await openPostgres()
  await bootstrap(db.database)
  await createStore({ home: db.database, named: {} }, { name: 'one' })
  await migrate(db.database, schema(NAME + PRICE))
  await createTenant(db.database, { slug: 'acme', schemas: ['crm'], store: 'one' })
})
afterEach(() => db.close())

test.each([
  ['compatible', `${NAME}${PRICE}      more: { type: string }\n`],
  ['breaking', `${NAME}      price: { type: decimal, convert: { up: "decimal(price)", down: "int(price)" } }\n`],
])('a %s one', async (_, fields) => {
  await migrate(db.database, schema(fields), { hold: true })
  const within = <T>(work: (connection: Parameters<typeof readPlatform>[0]) => Promise<T>): Promise<T> =>
    migratorTransaction(db.database, work)
  const [lead, place] = await within(async (connection) => {
    const platform = await readPlatform(connection)
    const [row] = await db.sql(`select schema_id::text from backsaas.placements where schema_name = 'crm' limit 1`)
    const schemaId = String(row?.[0])
    const [, other] = await readPlacements(connection, platform, schemaId)
    const placed = { placementId: String(other?.id), storeId: String(other?.store.id), store: 'one' }
    return [(await readLead(connection, platform, schemaId)) as Lead, placed] as const
  })
  expect(lead.versions.at(-1)).toMatchObject({ version: 2, held: true })
  await within((connection) => releaseVersion(connection, { schemaId: lead.schemaId, toVersion: 2 }))
  const content = (version: number) =>
    within(async (connection) => readContent(connection, await readPlatform(connection), lead, version))
  await bringVersion(db.database, place, lead, content, null)
  const there = `select version::text, held::text from backsaas.versions v where placement_id = '${place.placementId}' order by v.version`
  expect(await db.sql(there)).toEqual([
    ['1', 'false'],
    ['2', 'false'],
  ])
})
