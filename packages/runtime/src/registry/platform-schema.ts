/** The platform's own schema, as the runtime has it: read once, and again when it is known to have moved on. */
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { Access } from './cached-lookup.ts'
import { loadPlatform } from './load-versions.ts'

export interface PlatformSchema {
  /** From memory without a promise, where that can be. @throws `NOT_BOOTSTRAPPED` (503). */
  get(access: Access): BoundSchema | Promise<BoundSchema>
  /** One at a time for all who ask. */
  renew(access: Access): Promise<BoundSchema>
  forget(): void
  current(): BoundSchema | null
}

export function createPlatformSchema(): PlatformSchema {
  let platform: BoundSchema | null = null
  let flight: Promise<BoundSchema> | null = null

  function renew(access: Access): Promise<BoundSchema> {
    if (flight) return flight
    const started: Promise<BoundSchema> = loadPlatform(access.connection)
      .then((loaded) => {
        if (flight === started) platform = loaded
        return loaded
      })
      .finally(() => {
        if (flight === started) flight = null
      })
    flight = started
    // Others may wait for it: it must end even where the request that began it is gone.
    access.scope.waitUntil(started.catch(() => undefined))
    return started
  }

  return {
    get: (access) => platform ?? renew(access),
    renew,
    forget() {
      platform = null
      // What is on its way may be the one before.
      flight = null
    },
    current: () => platform,
  }
}
