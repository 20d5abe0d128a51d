import { expect, test } from 'vitest'
import { createFairShare } from './fair-share.ts'

const signal = new AbortController().signal

/** Enters, stays for a turn of the event loop, leaves; notes who was let in, in order. */
function visiting(share: ReturnType<typeof createFairShare>, order: string[]): (tenant: string) => Promise<void> {
  return async (tenant) => {
    const waiting = share.enter(tenant, signal)
    if (waiting) await waiting
    order.push(tenant)
    await new Promise((resolve) => setImmediate(resolve))
    share.leave(tenant)
  }
}

test('a tenant that asks a hundred times waits behind itself, and not before the others', async () => {
  const order: string[] = []
  const visit = visiting(createFairShare({ inside: 4, insideOfTenant: 2 }), order)
  const noisy = Array.from({ length: 100 }, () => visit('noisy'))
  const quiet = ['a', 'b', 'c', 'd'].map((tenant) => visit(tenant))
  await Promise.all(quiet)
  expect(order.filter((tenant) => tenant === 'noisy').length).toBeLessThan(8)
  await Promise.all(noisy)
  expect(order.length).toBe(104)
})

test('room that is free is taken without waiting', () => {
  const share = createFairShare({ inside: 2 })
  expect(share.enter('a', signal)).toBeNull()
  expect(share.enter('b', signal)).toBeNull()
  expect(share.enter('c', signal)).toBeInstanceOf(Promise)
})

test('too many who wait, and who waits too long, are refused; room is given back', async () => {
  const share = createFairShare({ inside: 1, insideOfTenant: 1, waitingOfTenant: 2, waitMs: 20 })
  expect(share.enter('a', signal)).toBeNull()
  const waiting = [share.enter('a', signal), share.enter('a', signal)]
  expect(() => share.enter('a', signal)).toThrow(expect.objectContaining({ code: 'OVERLOADED', status: 503 }))
  for (const one of waiting)
    await expect(one).rejects.toMatchObject({ code: 'OVERLOADED', headers: { 'retry-after': '1' } })
  share.leave('a')
  expect(share.enter('b', signal)).toBeNull()
})

test('who goes away waits no more, and takes no room', async () => {
  const share = createFairShare({ inside: 1, insideOfTenant: 1 })
  share.enter('a', signal)
  const leaving = new AbortController()
  const gone = share.enter('b', leaving.signal)
  const next = share.enter('c', signal)
  leaving.abort()
  await expect(gone).rejects.toMatchObject({ code: 'OVERLOADED' })
  share.leave('a')
  await next
  share.leave('c')
  expect(share.enter('d', signal)).toBeNull()
})

test('who has gone before there was room is refused at once', async () => {
  const share = createFairShare({ inside: 1 })
  share.enter('a', signal)
  expect(() => share.enter('b', AbortSignal.abort())).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
  share.leave('a')
  expect(share.enter('c', signal)).toBeNull()
})

test('who is alone has all of the room; of many, each has an equal part of it', () => {
  const share = createFairShare({ inside: 20 })
  for (let i = 0; i < 20; i++) expect(share.enter('alone', signal)).toBeNull()
  for (let i = 0; i < 20; i++) share.leave('alone')
  expect(share.enter('quiet', signal)).toBeNull()
  const noisy = Array.from({ length: 20 }, () => share.enter('noisy', signal))
  expect(noisy.filter((waiting) => waiting === null).length).toBe(10)
})
