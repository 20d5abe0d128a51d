/** When keys were last used, noted now and then: not a write for each request. */
import type { Observe } from '@backsaas/core'
import { boundedMap } from '../binding/bounded-map.ts'
import { writeRows } from '../stages/write-rows.ts'
import type { Access } from './cached-lookup.ts'
import type { PlatformSchema } from './platform-schema.ts'

export type NoteKeyUse = (tenantId: string, keyId: string, access: Access) => void

/** A key in steady use costs each process one write in as long. */
const NOTED_MS = 5 * 60_000
const SIZE = 20_000

/** Behind the answer; one that fails is told, and the next use is noted again. */
export function createKeyUses(platform: PlatformSchema, observe: Observe | null): NoteKeyUse {
  const noted = boundedMap<number>(SIZE)
  return (tenantId, keyId, access) => {
    const now = access.scope.now()
    const last = noted.get(keyId)
    if (last !== undefined && now - last < NOTED_MS) return
    noted.set(keyId, now)
    const writing = note(platform, tenantId, keyId, access).catch((error: unknown) => {
      noted.delete(keyId)
      observe?.({ kind: 'error', code: 'KEY_USE_NOT_NOTED', error })
    })
    access.scope.waitUntil(writing)
  }
}

async function note(platform: PlatformSchema, tenantId: string, keyId: string, access: Access): Promise<void> {
  const open = await platform.get(access)
  // A database that was set up earlier has none.
  if (!Object.hasOwn(open.compiled.entities, 'key_uses')) return
  await writeRows(
    { connection: access.connection, open, tenantId, principal: null },
    {
      method: 'POST',
      entity: 'key_uses',
      query: 'on_conflict=key_id',
      body: { key_id: keyId, last_used_at: new Date(access.scope.now()).toISOString() },
      prefer: 'return=minimal, resolution=merge-duplicates',
    },
  )
}
