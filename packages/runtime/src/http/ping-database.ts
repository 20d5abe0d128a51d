/** Asks the database whether it is there: for health, so at most once a second however often health is asked. */
import type { Statement } from '@backsaas/core'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { Access } from '../registry/cached-lookup.ts'
import { withinTime } from './within-time.ts'

const REMEMBERED_MS = 1_000
const ANSWER_MS = 2_000
const PING: Statement = { text: 'select 1', params: [], prepare: false }

/**
 * A ping through the request's own connection, whose outcome holds for a second for everyone.
 *
 * @example
 * const ping = createPing()
 * await ping({ scope, connection }) // throws DATABASE_UNREACHABLE (503) where no answer comes within 2 s
 */
export function createPing(): (access: Access) => Promise<void> {
  let last: Promise<void> | null = null
  let settledAt: number | null = null
  return (access) => {
    const { scope } = access
    if (last && (settledAt === null || scope.now() - settledAt < REMEMBERED_MS)) return last
    settledAt = null
    last = ping(access).finally(() => {
      settledAt = scope.now()
    })
    // Others may wait for it too: it must end even where the request that began it is gone.
    scope.waitUntil(last.catch(() => undefined))
    return last
  }
}

async function ping({ connection }: Access): Promise<void> {
  let answered = false
  const answer = connection.batch([PING]).then(() => {
    answered = true
  })
  // What fails after the time is over is heard by nobody.
  answer.catch(() => undefined)
  await withinTime(answer, ANSWER_MS)
  if (!answered) throw runtimeError('DATABASE_UNREACHABLE', `the database does not answer within ${ANSWER_MS} ms`)
}
