/** The example of a roll-out, played with apps that ask all the time. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollOut, type Story } from '../../examples/rollout/src/roll-out.ts'
import { createTestDatabase, type TestDatabase } from '../fixture/test-server.ts'

let server: TestDatabase
let story: Story
const lines: string[] = []

beforeAll(async () => {
  server = await createTestDatabase()
  story = await rollOut(postgres(server.url, { max: 6 }), (line) => lines.push(line))
}, 120_000)
afterAll(() => server?.drop())

test('version 2 goes to all but globex, acme first', () => {
  expect(story.second).toMatchObject({ state: 'done', moved: 4, total: 5, pinned: 1 })
  expect(lines).toContainEqual(expect.stringContaining('wave 1, 1 of 5 have it, 1 pinned'))
})

test('the contract waits, and says for whom', () => {
  expect(story.heldBack).toContain('globex')
})

test('version 3 halts, and acme is back', () => {
  expect(story.third).toMatchObject({ state: 'halted', moved: 0, problem: { code: 'ERROR_RATE' } })
})

test('nothing that was acknowledged is lost; nothing fails but what version 3 breaks', () => {
  expect(story.lost).toEqual([])
  const failing = Object.values(story.refused).filter((statuses) => statuses.length > 0)
  expect(failing).toEqual([[[500, expect.any(Number)]]])
})
