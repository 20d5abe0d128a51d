/** One postgres.js connection that does nothing but listen. The driver's own `listen` tells of no loss. */
import type { ListeningConnection } from '../keep-listening.ts'
import type { LaneOptions } from '../lane.ts'
import { queryError } from './driver-error.ts'
import { createClient, reserve } from './lane.ts'

/** The system finds out so soon that a silent server is gone: nothing is ever sent over this connection. */
const KEEP_ALIVE_SECONDS = 10

/**
 * Connects and listens.
 *
 * @param channel quoted.
 * @throws `DATABASE_UNREACHABLE` (503).
 */
export async function openListening(
  options: LaneOptions,
  channel: string,
  hear: (payload: string) => void,
): Promise<ListeningConnection> {
  let onLost = (): void => {}
  const lost = new Promise<void>((resolve) => (onLost = resolve))
  const sql = createClient(options, onLost, {
    keep_alive: KEEP_ALIVE_SECONDS,
    onnotify: (_channel: string, payload: string) => hear(payload),
  })
  const reserved = await reserve(sql, options.connectTimeoutMs)
  try {
    // A lost connection never settles what was not on the wire yet.
    await Promise.race([reserved.unsafe(`listen ${channel}`), lost.then(() => Promise.reject(new Error('closed')))])
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw queryError(error)
  }
  return { lost, close: () => sql.end({ timeout: 0 }) }
}
