/** A process killed while it writes to a PGlite folder loses no acknowledged row, and the folder opens again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pglite } from '@backsaas/adapters/databases/pglite'
import { expect, test } from 'vitest'
import { checkNothingLost, killWriter, prepare } from './kill-a-writer.ts'

test('SIGKILL, twice in a row, on a PGlite folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backsaas-sigkill-'))
  try {
    const first = pglite(folder)
    const key = await prepare(first)
    await first.close?.()
    const acknowledged: string[] = []
    for (const enough of [40, 25]) acknowledged.push(...(await killWriter('pglite', folder, key, enough)))
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    const again = pglite(folder)
    await checkNothingLost(again, key, acknowledged)
    await again.close?.()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
