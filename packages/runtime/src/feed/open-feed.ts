/** The change feed as a runtime of this process has it: where there are timers, under the host's name. */
import { type Database, type Observe, type Scope, uuidv7 } from '@backsaas/core'
import type { Registry } from '../registry/registry.ts'
import type { BeatOptions } from '../runtime-options.ts'
import { VERSION } from '../version.ts'
import { type ChangeFeed, createChangeFeed } from './change-feed.ts'
import { createReports } from './report-served.ts'

export interface FeedParts {
  readonly database: Database
  /** Outlives requests. */
  readonly scope: Scope
  readonly registry: Registry
  readonly observe: Observe | null
}

const LEASE_MS = 5_000

/** Nothing runs between requests there, and no connection is shared by two. */
const ON_WORKERS = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

export function openFeed(
  beat: BeatOptions | false | undefined,
  { database, scope, registry, observe }: FeedParts,
): ChangeFeed {
  if (beat === false) return NO_FEED
  if (ON_WORKERS) return { ...NO_FEED, served: createReports(beat, { database, registry, observe }) }
  const connect = () => database.open(scope)
  return createChangeFeed({
    member: {
      id: uuidv7(),
      name: beat?.name ?? hostName(),
      version: VERSION,
      startedAt: new Date().toISOString(),
    },
    leaseMs: beat?.leaseMs ?? LEASE_MS,
    connect,
    platform: (renew) => registry.platform({ scope, connection: connect() }, renew),
    heed: registry.heed,
    forgetAll: registry.forgetAll,
    serving: registry.serving,
    observe,
  })
}

const NO_FEED: ChangeFeed = Object.freeze({
  covers: () => false,
  start: async () => undefined,
  hint: () => undefined,
  served: () => undefined,
  close: async () => undefined,
})

function hostName(): string {
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return (os?.hostname() || 'unknown').slice(0, 200)
}
