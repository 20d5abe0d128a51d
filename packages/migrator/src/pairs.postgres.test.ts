/** Random pairs of schemas, each row of the change matrix many times (I7): BACKSAAS_PAIRS says how many, BACKSAAS_SEED which. */

import { afterAll, expect, test } from 'vitest'
import { openPostgres, type TestDatabase } from '../test/open-databases.ts'
import { CHANGES } from '../test/pairs/changes.ts'
import { mulberry } from '../test/pairs/mulberry.ts'
import { type Chosen, runPair } from '../test/pairs/run-pair.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'

const PAIRS = Number(process.env.BACKSAAS_PAIRS ?? (process.env.BACKSAAS_TORTURE === '1' ? 2000 : 500))
const SEED = Number(process.env.BACKSAAS_SEED ?? 1)
/** Pairs of one database: what a store has ever named is looked at by each. */
const EACH = 25
const TOGETHER = 2

const open: TestDatabase[] = []
afterAll(async () => {
  await Promise.all(open.map((db) => db.close()))
})

test(`${PAIRS} pairs`, async ({ task }) => {
  const random = mulberry(SEED)
  const counts = new Map<string, number>()
  const pairs = Array.from({ length: PAIRS }, () => choose(random, counts))
  const batches = Array.from({ length: Math.ceil(PAIRS / EACH) }, (_, i) => pairs.slice(i * EACH, (i + 1) * EACH))
  const work = batches.entries()
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      for (const [n, batch] of work) await runBatch(n, batch)
    }),
  )
  const rows = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  // `npm run torture` has it in its summary.
  Object.assign(task.meta, { figures: { pairs: PAIRS, seed: SEED, ...Object.fromEntries(rows) } })
  process.stdout.write(`${PAIRS} pairs: ${rows.map(([row, count]) => `${row} ${count}`).join(', ')}\n`)
  if (PAIRS >= 500) for (const [row, count] of rows) expect(count, row).toBeGreaterThanOrEqual(20)
}, 3_600_000)

async function runBatch(n: number, batch: readonly (readonly Chosen[])[]): Promise<void> {
  const db = await openPostgres()
  open.push(db)
  await bootstrap(db.database)
  for (const [i, chosen] of batch.entries()) {
    const what = `pair ${n * EACH + i} of seed ${SEED}: ${chosen.map(({ change }) => change.row).join(', ')}`
    try {
      await runPair(db.database, db.sql, `p${i}`, chosen, i % 4 === 0)
    } catch (error) {
      if (error instanceof Error) error.message = `${what}\n${error.message}`
      throw error
    }
  }
  open.splice(open.indexOf(db), 1)
  await db.close()
}

/** Of the changes that were chosen least so far, one; and one to three of any. */
function choose(random: () => number, counts: Map<string, number>): Chosen[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const rare = Math.min(...CHANGES.map(({ row }) => counts.get(row) ?? 0))
  const changes = [pick(CHANGES.filter(({ row }) => (counts.get(row) ?? 0) === rare))]
  while (random() < 0.6 && changes.length < 4) changes.push(pick(CHANGES))
  return changes.map((change, i) => {
    counts.set(change.row, (counts.get(change.row) ?? 0) + 1)
    return { change, field: `f${i}` }
  })
}
