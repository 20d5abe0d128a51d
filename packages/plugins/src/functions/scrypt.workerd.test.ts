import { expect, test } from 'vitest'
import { hashPassword, verifyPassword } from './security/scrypt.ts'

test('a password is hashed on Workers, and what Node has hashed is verified there', async () => {
  expect(await verifyPassword('correct horse', await hashPassword('correct horse', 14))).toBe(true)
})
