/** Each statement of a run can be the last, on both sides of it, whatever the run repeats. */
import type { Connection, Database } from '@backsaas/core'
import { expect, test } from 'vitest'
import { type KillPoint, withKillPoint } from './kill-point.ts'

const STEP = 'update backsaas.migrations set step = $2::int where id = $1'

/** Two steps; the first fills `ranges` ranges of rows. @returns what had been said when it was to die. */
async function run(ranges: number, { at, when }: Pick<KillPoint, 'at' | 'when'>) {
  const said: string[] = []
  const connection: Connection = {
    async batch(statements) {
      said.push(...statements.map(({ text }) => text))
      return []
    },
    async transaction(work) {
      const value = await work(connection)
      said.push('commit')
      return value
    },
  }
  const database: Database = { name: 'none', can: { listen: false, interactive: true }, open: () => connection }
  let [killed, total] = ['', 0]
  const dying = withKillPoint(database, {
    at,
    when,
    async kill() {
      killed = said.join()
    },
    counted(n) {
      total = n
    },
  }).open({ waitUntil: () => {}, now: () => 0 }, 'migrator')
  const transaction = (...texts: string[]): Promise<unknown> | undefined =>
    dying.transaction?.((inner) => inner.batch(texts.map((text) => ({ text, params: [] }))))
  for (let range = 1; range <= ranges; range++) await transaction('guard', `fill limit ${range}`)
  await transaction('guard', STEP)
  await transaction('guard', 'alter', STEP)
  return { killed, total }
}

test('before and after a commit are two points', async () => {
  expect((await run(1, { at: 3, when: 'before' })).killed).toBe('guard,fill limit 1')
  expect((await run(1, { at: 3, when: 'after' })).killed).toBe('guard,fill limit 1,commit')
})

test('what a step repeats counts once, and in the next step anew', async () => {
  const [one, many] = [await run(1, { at: 7, when: 'after' }), await run(40, { at: 7, when: 'after' })]
  expect([one.total, many.total]).toEqual([9, 9])
  expect(many.killed).toMatch(/commit,guard,alter$/)
})
