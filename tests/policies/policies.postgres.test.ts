/**
 * Random callers in random worlds of rules get exactly what an oracle says that shares nothing with the product.
 *
 * `BACKSAAS_TEST_STEPS=200000` takes more steps, `BACKSAAS_TEST_SEED` others, `BACKSAAS_TEST_WORLD=world_3` those of one
 * world alone; a disagreement names both. `BACKSAAS_TEST_GO_ON=1` goes on to the end, and tells all of them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runWorld, type Tally } from './run-world.ts'
import { startWorlds, type Worlds } from './start-worlds.ts'

const STEPS = Number(process.env.BACKSAAS_TEST_STEPS ?? 21_000)
const SEED = process.env.BACKSAAS_TEST_SEED ?? String(Math.floor(Math.random() * 1e9))
const ONLY = process.env.BACKSAAS_TEST_WORLD
const GO_ON = process.env.BACKSAAS_TEST_GO_ON !== undefined
const STEPS_OF_A_WORLD = 700
const TENANTS = 3
/** Worlds at the same time. */
const AT_ONCE = 3

let worlds: Worlds

beforeAll(async () => {
  console.info(`BACKSAAS_TEST_SEED=${SEED}`)
  worlds = await startWorlds(SEED)
})
afterAll(() => worlds?.close())

test(
  'every answer and every row is what the rules make of it',
  async () => {
    const found: string[] = []
    const disagreed: Tally['disagreed'] = ({ message }) => {
      found.push(message)
      console.error(message)
    }
    const tally: Tally = { counts: new Map(), ...(GO_ON ? { disagreed } : {}) }
    const all = Array.from({ length: Math.ceil(STEPS / STEPS_OF_A_WORLD) }, (_, index) => `world_${index}`)
    const left = ONLY === undefined ? all : [ONLY]
    const run = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        await runWorld(SEED, await worlds.create(name, TENANTS), STEPS_OF_A_WORLD, tally)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, run))
    console.info(
      [...tally.counts]
        .sort()
        .map(([name, count]) => `${name}: ${count}`)
        .join(', '),
    )
    expect(found.join('\n\n')).toBe('')
    const steps = [...tally.counts.values()].reduce((sum, count) => sum + count, 0)
    if (ONLY === undefined) expect(steps).toBeGreaterThanOrEqual(STEPS)
  },
  300_000 + STEPS * 60,
)
