/** Decisions: stored with what has rules, filled in later where they were missing, and no part of the content. */
import type { CompiledSchema, Decisions } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../../test/open-databases.ts'
import { type Decide, migrate } from '../index.ts'

const RULED = `
schema: ruled
roles: { sales: {} }
entities:
  people:
    fields: { name: { type: string } }
    access: { sales: { read: { where: "name != 'x'" } } }`
const OPEN = 'schema: open\nentities: { people: { fields: { name: { type: string } } } }\n'

let db: TestDatabase
beforeAll(async () => {
  db = await openPostgres()
})
afterAll(() => db.close())

/** Marks what it decides, to be told apart. */
function decider(mark: string): Decide & { readonly asked: string[] } {
  const asked: string[] = []
  const decide = async (schema: CompiledSchema): Promise<Decisions> => {
    asked.push(schema.name)
    return { rules: schema.entities.people?.access ?? [], roles: { [mark]: { people: { read: [0] } } } }
  }
  return Object.assign(decide, { asked })
}

async function stored(name: string): Promise<CompiledSchema> {
  const [[text] = []] = await db.sql(
    `select v.compiled from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
     where p.schema_name = $1 order by v.version desc limit 1`,
    [name],
  )
  return JSON.parse(text ?? '') as CompiledSchema
}

test('without who decides there are none; the same content again brings them, and they stay', async () => {
  await migrate(db.database, RULED)
  expect(await stored('ruled')).not.toHaveProperty('decisions')
  const decide = decider('first')
  expect(await migrate(db.database, RULED, { decide })).toMatchObject({ version: 1, created: false })
  expect(decide.asked).toContain('ruled')
  const { hash } = compileSchema(RULED)
  expect(await stored('ruled')).toMatchObject({ hash, decisions: { roles: { first: { people: { read: [0] } } } } })
  await migrate(db.database, RULED)
  expect((await stored('ruled')).decisions?.roles).toHaveProperty('first')
  await migrate(db.database, RULED, { decide: decider('second') })
  expect((await stored('ruled')).decisions?.roles).not.toHaveProperty('first')
})

test('a new version has its own; of what has no rules nothing is asked; events do not tell them', async () => {
  const decide = decider('new')
  await migrate(db.database, RULED.replace("'x'", "'y'"), { decide })
  const { decisions } = await stored('ruled')
  expect(decisions?.rules[0]?.where?.source).toBe("name != 'y'")
  await migrate(db.database, OPEN, { decide })
  expect(decide.asked).not.toContain('open')
  expect(await stored('open')).not.toHaveProperty('decisions')
  await migrate(db.database, RULED.replace('schema: ruled', 'schema: other'), { decide })
  const platform = 'backsaas_00000000000070008000000000000003'
  const events = await db.sql(
    `select (data->'spec')::jsonb ? 'decisions' from ${platform}.events where type = 'schema.created' and data->'spec'->>'name' = 'other'`,
  )
  expect(events).toEqual([['f']])
})

test('who cannot decide leaves nothing behind', async () => {
  const before = await db.sql('select count(*)::text from backsaas.versions')
  const decide: Decide = async () => {
    throw new Error('no')
  }
  await expect(migrate(db.database, RULED.replace("'x'", "'z'"), { decide })).rejects.toThrow('no')
  expect(await db.sql('select count(*)::text from backsaas.versions')).toEqual(before)
})
