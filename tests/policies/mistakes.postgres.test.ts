/** Whoever decides wrongly is found out: the same comparison, with a mistake in the decisions. */
import { definePlugin, type Plugin } from '@backsaas/core'
import { policies } from '@backsaas/plugins/policies'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MISTAKES } from './mistakes.ts'
import { Disagreement, runWorld, type Tally } from './run-world.ts'
import { startWorlds, type Worlds } from './start-worlds.ts'

const SEED = 'mistakes'
const WORLDS = 6
const STEPS_OF_A_WORLD = 400

let worlds: Worlds

beforeAll(async () => {
  worlds = await startWorlds(SEED, mistaken())
})
afterAll(() => worlds?.close())

/** Decides as the product does, but for schemas that are named after a mistake. */
function mistaken(): Plugin {
  const right = policies()
  return definePlugin({
    ...right,
    access: {
      decide(schema, rows) {
        const mistake = MISTAKES[schema.name.replace(/_\d+$/, '')]
        return mistake
          ? mistake(async (asked) => right.access.decide(asked, rows), schema)
          : right.access.decide(schema, rows)
      },
    },
  })
}

/** The steps until something was wrong; null where nothing was. */
async function stepsUntilFound(name: string, most: number = WORLDS): Promise<number | null> {
  const tally: Tally = { counts: new Map() }
  for (let index = 0; index < most; index++) {
    try {
      await runWorld(SEED, await worlds.create(`${name}_${index}`, 2), STEPS_OF_A_WORLD, tally)
    } catch (error) {
      if (!(error instanceof Disagreement)) throw error
      return [...tally.counts.values()].reduce((sum, count) => sum + count, 0)
    }
  }
  return null
}

// Of right decisions more is tried in `policies.postgres.test.ts`.
test('without a mistake nothing is found', { timeout: 300_000 }, async () => {
  expect(await stepsUntilFound('no_mistake', 2)).toBe(null)
})

test.each(Object.keys(MISTAKES))(
  `%s: found within ${WORLDS * STEPS_OF_A_WORLD} steps`,
  async (name) => {
    expect(await stepsUntilFound(name)).not.toBe(null)
  },
  300_000,
)
