/** Keys and ids are made in workerd as on Node, with the Web's own crypto. */
import { expect, test } from 'vitest'
import { hashApiKey, makeApiKey, parseApiKey } from './api-key.ts'
import { isUuid, uuidv7 } from './uuid.ts'

test('these tests run in workerd', () => {
  expect(navigator.userAgent).toBe('Cloudflare-Workers')
})

test('a key that was made can be read, and its hash is that of the whole key', async () => {
  const tenantId = uuidv7()
  const made = await makeApiKey(tenantId)
  expect(parseApiKey(made.key)).toEqual({ tenantId, prefix: made.prefix })
  expect(made.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(await hashApiKey(made.key)).toBe(made.hash)
  expect(await hashApiKey(`${made.key}x`)).not.toBe(made.hash)
})

test('a text that is not a key is told apart', () => {
  for (const text of ['', 'bsk_', `bsk_${'0'.repeat(32)}_${'0'.repeat(12)}_short`]) expect(parseApiKey(text)).toBeNull()
})

test('ids are ordered UUIDs of version 7', () => {
  const ids = Array.from({ length: 5000 }, () => uuidv7())
  expect(ids.every((id) => isUuid(id) && id[14] === '7')).toBe(true)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})
