/** Being told by the database, for who would otherwise look from time to time. */
import type { Database, Unsubscribe } from '@backsaas/core'

/**
 * Listens on a channel as the migrator; `told` is called too after the connection was lost and made again.
 *
 * @returns null where the database does not listen, or would not now: then looking has to do.
 */
export async function listenOrLook(
  database: Database,
  channel: string,
  told: () => void,
  onError: (error: unknown) => void,
): Promise<Unsubscribe | null> {
  try {
    return (await database.listen?.(channel, told, { login: 'migrator', onReconnect: told, onError })) ?? null
  } catch (error) {
    onError(error)
    return null
  }
}
