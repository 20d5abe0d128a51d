/** Random changes over a migration that waits for its contract (I7): BACKSAAS_STACKED says how many, BACKSAAS_SEED which. */
import { afterAll, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../test/open-databases.ts'
import { CHANGES, type Change } from '../test/pairs/changes.ts'
import { mulberry } from '../test/pairs/mulberry.ts'
import type { Chosen } from '../test/pairs/run-pair.ts'
import { runStacked } from '../test/pairs/run-stacked.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'

const COUNT = Number(process.env.BACKSAAS_STACKED ?? (process.env.BACKSAAS_TORTURE === '1' ? 500 : CHANGES.length))
const SEED = Number(process.env.BACKSAAS_SEED ?? 1)
/** Of one database: what a store has ever named is looked at by each. */
const EACH = 20

const open: TestDatabase[] = []
afterAll(async () => {
  await Promise.all(open.map((db) => db.close()))
})

test(`${COUNT} times two changes, one over the other`, async ({ task }) => {
  const random = mulberry(SEED)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const choose = (letter: string): Chosen[] =>
    Array.from({ length: 1 + Math.floor(random() * 2) }, (_, i) => ({ change: pick(CHANGES), field: `${letter}${i}` }))
  const at = (i: number): Change => CHANGES[i % CHANGES.length] as Change
  let migrations = 0
  let db: TestDatabase | undefined
  for (let i = 0; i < COUNT; i++) {
    if (i % EACH === 0) {
      await db?.close()
      db = await openPostgres()
      open.splice(0, open.length, db)
      await bootstrap(db.database)
    }
    if (!db) throw new Error('no database')
    const [second, third] = [choose('f'), choose('g')]
    // Each kind of change comes once, and once over another.
    if (i < CHANGES.length) {
      second.splice(0, 1, { change: at(i), field: 'f0' })
      third.splice(0, 1, { change: at(i * 7 + 3), field: 'g0' })
    }
    const what = [second, third].map((list) => list.map(({ change }) => change.row).join(', ')).join(' | ')
    try {
      if (await runStacked(db.database, db.sql, { name: `s${i}`, second, third, back: i % 3 === 0 })) migrations++
    } catch (error) {
      if (error instanceof Error) error.message = `${i} of seed ${SEED}: ${what}\n${error.message}`
      throw error
    }
  }
  Object.assign(task.meta, { figures: { stacked: COUNT, seed: SEED, migrations } })
  expect(migrations).toBeGreaterThan(COUNT / 4)
}, 3_600_000)
