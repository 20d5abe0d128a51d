/** Five runtimes keep serving while versions are published and things are killed; `npm run faults` is the full size. */
import { expect, test } from 'vitest'
import { checkOutcome } from './five/check-outcome.ts'
import { runFive } from './five/run-five.ts'

test('all end on the last version, no acknowledged write is lost, and nothing is answered that faults do not explain', async () => {
  const outcome = await runFive({ versions: 10, frozenMs: 3000, calmMs: 0, say: () => undefined })
  checkOutcome(outcome)
  expect(new Set(outcome.faults).size).toBe(8)
}, 240_000)
