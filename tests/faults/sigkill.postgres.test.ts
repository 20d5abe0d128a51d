/** A runtime killed while it writes to Postgres loses no acknowledged row. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../fixture/test-server.ts'
import { checkNothingLost, killWriter, prepare } from './kill-a-writer.ts'

test('SIGKILL, three times in a row, on Postgres', async () => {
  const server = await createTestDatabase()
  const database = postgres(server.url)
  try {
    const key = await prepare(database)
    const acknowledged: string[] = []
    for (const enough of [40, 90, 25]) acknowledged.push(...(await killWriter('postgres', server.url, key, enough)))
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    await checkNothingLost(database, key, acknowledged)
  } finally {
    await database.close?.()
    await server.drop()
  }
})
