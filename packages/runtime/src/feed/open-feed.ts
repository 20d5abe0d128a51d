/** The change feed as a runtime of this process has it: where there are timers, under the host's name. */
import { uuidv7 } from '@backsaas/core'
import type { BeatOptions } from '../runtime-options.ts'
import { VERSION } from '../version.ts'
import { type ChangeFeed, createChangeFeed } from './change-feed.ts'
import type { FeedParts } from './feed-parts.ts'
import { NO_FEED } from './no-feed.ts'

const LEASE_MS = 5_000

/** A bundle that was not made for them: nothing runs between requests there, and no connection is shared by two. */
const ON_WORKERS = globalThis.navigator?.userAgent === 'Cloudflare-Workers'

export function openFeed(
  beat: BeatOptions | false | undefined,
  { database, scope, registry, observe }: FeedParts,
): ChangeFeed {
  if (beat === false || ON_WORKERS) return NO_FEED
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

function hostName(): string {
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return (os?.hostname() || 'unknown').slice(0, 200)
}
