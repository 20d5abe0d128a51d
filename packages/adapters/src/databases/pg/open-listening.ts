/** One node-postgres connection that does nothing but listen. */
import type { ListeningConnection } from '../keep-listening.ts'
import type { LaneOptions } from '../lane.ts'
import { connectError, queryError } from './driver-error.ts'
import { createClient, end } from './lane.ts'

/** The system finds out so soon that a silent server is gone: nothing is ever sent over this connection. */
const KEEP_ALIVE_MS = 10_000

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
  const client = createClient(options, { keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS })
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve())
    client.on('end', () => resolve())
  })
  client.on('notification', ({ payload = '' }) => hear(payload))
  try {
    await client.connect()
  } catch (error) {
    client.connection.stream.destroy()
    throw connectError(error, client)
  }
  try {
    await client.query(`listen ${channel}`)
  } catch (error) {
    client.connection.stream.destroy()
    throw queryError(error)
  }
  return { lost, close: () => end(client) }
}
