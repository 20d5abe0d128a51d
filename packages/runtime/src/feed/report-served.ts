/** How versions serve, told from where nothing runs between requests: with a request's own `waitUntil`, now and then. */
import { type Scope, uuidv7 } from '@backsaas/core'
import type { BeatOptions } from '../runtime-options.ts'
import { VERSION } from '../version.ts'
import { beatStatement, type Member } from './beat-statement.ts'
import type { FeedParts } from './feed-parts.ts'

const EVERY_MS = 5_000

/**
 * A row of `runtimes` for each isolate, written behind the answer of the first request after every five seconds in which the isolate
 * was asked for something. An isolate ends without a word: its row goes once it has not been written for a while.
 */
export function createReports(
  beat: BeatOptions | undefined,
  { database, registry, observe }: FeedParts,
): (scope: Scope) => void {
  // Made with the first request: outside of one, Workers have neither time nor chance.
  let member: Member | null = null
  let toldAt = 0

  async function tell(scope: Scope, self: Member): Promise<void> {
    const connection = database.open(scope)
    const serving = JSON.stringify(registry.serving())
    const platform = await registry.platform({ scope, connection }, false)
    await connection.batch([beatStatement(platform, self, null, serving)])
  }

  return (scope) => {
    const now = scope.now()
    if (now - toldAt < (beat?.leaseMs ?? EVERY_MS)) return
    // Before the first request there is nothing to tell; the second tells of it.
    const isFirst = toldAt === 0
    toldAt = now
    if (isFirst) return
    member ??= { id: uuidv7(), name: beat?.name ?? 'edge', version: VERSION, startedAt: new Date(now).toISOString() }
    scope.waitUntil(
      tell(scope, member).catch((error: unknown) => observe?.({ kind: 'error', code: 'BEAT_FAILED', error })),
    )
  }
}
