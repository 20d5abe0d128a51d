import { expect, test } from 'vitest'
import { createRoom } from './create-room.ts'

test('so many of a tenant are under way, more wait, and another tenant has room of its own', async () => {
  const room = createRoom()
  const open: (() => void)[] = []
  let running = 0
  const work = (tenant: string) =>
    room.run(tenant, async () => {
      running++
      await new Promise<void>((done) => open.push(done))
      running--
    })
  const first = Array.from({ length: 40 }, () => work('a'))
  await Promise.resolve()
  expect(running).toBe(32)
  const other = work('b')
  await Promise.resolve()
  expect(running).toBe(33)
  for (const done of open.splice(0)) done()
  await Promise.resolve(other)
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(running).toBe(8)
  for (const done of open.splice(0)) done()
  await Promise.all(first)
  expect(running).toBe(0)
})

test('who would wait behind too many is told to come again, and what fails gives its place back', async () => {
  const room = createRoom()
  const never = new Promise<void>(() => undefined)
  for (let i = 0; i < 532; i++) void room.run('a', () => never)
  await expect(room.run('a', () => never)).rejects.toMatchObject({ code: 'FUNCTION_BUSY', status: 503 })
  for (let i = 0; i < 100; i++) await expect(room.run('b', () => Promise.reject(new Error('x')))).rejects.toThrow('x')
})
