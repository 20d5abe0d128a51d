import { DatabaseError } from '@backsaas/core'
import { expect, test } from 'vitest'
import { jsonLog } from './json-log.ts'

test('one line of JSON each; an error of the database without the row it speaks of', () => {
  const lines: string[] = []
  const observe = jsonLog((line) => lines.push(line))
  observe({ kind: 'lifecycle', what: 'ready' })
  const fields = { sqlState: '23505', serverDetail: 'Key (email)=(ann@example.com) already exists.' }
  observe({ kind: 'error', code: 'X', error: new DatabaseError('duplicate key', fields) })
  observe({ kind: 'error', code: 'Y', error: new Error('outer', { cause: new Error('inner\nline') }) })
  expect(lines.every((line) => !line.includes('\n'))).toBe(true)
  const [ready, database, nested] = lines.map((line) => JSON.parse(line))
  expect(ready).toMatchObject({ kind: 'lifecycle', what: 'ready', time: expect.stringMatching(/Z$/) })
  expect(database.error).toMatchObject({ sqlState: '23505', message: 'duplicate key' })
  expect(lines[1]).not.toContain('ann@example.com')
  expect(nested.error.cause.message).toBe('inner\nline')
})
