import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('so many at once, and who comes with one piece waits for one of each, be there many', async () => {
  const turn = createTurns(2)
  const order: string[] = []
  let [now, most] = [0, 0]
  const piece = (name: string) =>
    turn(async () => {
      most = Math.max(most, ++now)
      order.push(name)
      await delay(1)
      now -= 1
    })
  const many = async (name: string): Promise<void> => {
    for (let i = 0; i < 10; i++) await piece(name)
  }
  await Promise.all([many('a'), many('b'), many('c'), piece('d')])
  expect(most).toBe(2)
  expect(order).toHaveLength(31)
  expect(order.indexOf('d')).toBe(3)
})

test('one that fails gives way too', async () => {
  const turn = createTurns(1)
  await expect(turn(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await turn(async () => 1)).toBe(1)
})
