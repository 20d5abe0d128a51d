/** Keeps one connection that listens on a channel: a lost one is made again, after growing pauses. */
import { BackSaasError, type ListenOptions } from '@backsaas/core'
import { pause } from '../pause.ts'
import { unreachable } from './server-error.ts'

export interface ListeningConnection {
  /** Resolves when the connection has ended, however that came. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

/** Connects, and is done once the server listens for it. */
export type OpenListening = (hear: (payload: string) => void) => Promise<ListeningConnection>

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

/**
 * Listens until it is told to stop.
 *
 * @throws what `open` throws, the first time.
 * @example const stop = await keepListening((hear) => openListening(options, channel, hear), handler, {})
 */
export async function keepListening(
  open: OpenListening,
  handler: (payload: string) => void,
  { onReconnect, onError }: ListenOptions,
): Promise<() => Promise<void>> {
  const stopping = new AbortController()
  const { signal } = stopping
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

  /** What a listener does wrong must not end the connection that tells it. */
  function tell(run: () => void): void {
    if (signal.aborted) return
    try {
      run()
    } catch (error) {
      onError?.(error)
    }
  }

  async function keep(first: ListeningConnection): Promise<void> {
    for (let connection: ListeningConnection | null = first; connection; connection = await reconnect()) {
      if (connection !== first) tell(() => onReconnect?.())
      await Promise.race([connection.lost, stopped])
      if (signal.aborted) return connection.close()
      onError?.(unreachable('08006', 'the connection that listens was lost'))
    }
  }

  /** Null where it was told to stop. */
  async function reconnect(): Promise<ListeningConnection | null> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      // Not all runtimes at the same moment, after the server was away.
      await pause(pauseMs * (0.5 + Math.random() / 2), signal)
      if (signal.aborted) return null
      try {
        return await open(hear)
      } catch (error) {
        onError?.(error)
      }
    }
  }

  const hear = (payload: string): void => tell(() => handler(payload))
  const running = keep(await open(hear))
  return () => {
    stopping.abort()
    return running
  }
}

/**
 * A channel's name as Postgres takes it in `listen`.
 *
 * @throws `CHANNEL_INVALID` (500): what comes from elsewhere, such as a tenant's name, is no channel.
 */
export function quoteChannel(channel: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(channel)) return `"${channel}"`
  throw new BackSaasError('CHANNEL_INVALID', 500, `${JSON.stringify(channel)} is no name of a channel`, {
    hint: 'letters a–z, digits and _, at most 63, not beginning with a digit',
  })
}
