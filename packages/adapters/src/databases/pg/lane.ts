/** One connection to Postgres by a node-postgres client in pipeline mode: batches may share it, each is sent whole. */
import type { Statement } from '@backsaas/core'
import type { Client, ClientConfig, Submittable } from 'pg'
import { type Lane, type LaneOptions, MAX_PREPARED } from '../lane.ts'
import { unreachable } from '../server-error.ts'
import type { Outcome } from '../session.ts'
import { isServerError, PgClient } from './driver.ts'
import { connectError, queryError } from './driver-error.ts'
import { type Parsing, PipelinedQuery, type Settled } from './pipelined-query.ts'
import { createSharedTransactions, type SharedTransactions } from './shared-transactions.ts'
import { createStatementNames, type StatementNames } from './statement-names.ts'

const CLOSE_TIMEOUT_MS = 5000

/**
 * Connects.
 *
 * @param kept whether the connection outlives a request: only then statements are prepared under names, and it is closed
 *   here and not by the platform.
 * @throws `DATABASE_UNREACHABLE` (503) where that fails or takes longer than `connectTimeoutMs`.
 */
export async function openLane(options: LaneOptions, kept: boolean): Promise<Lane> {
  const client = createClient(options)
  let lost = false
  const onLost = (): void => {
    lost = true
  }
  // Without a listener, an idle connection that is lost would end the process.
  client.on('error', onLost)
  client.on('end', onLost)
  try {
    await client.connect()
  } catch (error) {
    // The driver leaves the socket open where it is itself that gives up, as without a password.
    if (kept) client.connection.stream.destroy()
    throw connectError(error, client)
  }
  const names = kept ? createStatementNames() : null
  const shared = createSharedTransactions({
    send: (statements) => sendAll(sending, statements),
    outcome: (settled) => toOutcome(sending, settled),
  })
  const sending: Sending = { client, names, parsing: [], shared, corked: false }
  client.connection.on('parseComplete', () => {
    const name = sending.parsing.shift()?.name
    if (name) name.state = 'ready'
  })

  return {
    atomic: true,
    async send(statements, hints = {}) {
      if (lost) return { ok: false, error: unreachable('08006', 'the connection to Postgres was lost'), stale: false }
      const outcome =
        hints.sharedBy !== undefined && cork(sending)
          ? await sending.shared.add(hints.sharedBy, { statements, locks: hints.locks ?? '' })
          : toOutcome(sending, await sendAll(sending, statements))
      // Told before the driver is: its socket is still open while the last words of the server are read.
      if (!outcome.ok && outcome.error.code === 'DATABASE_UNREACHABLE') onLost()
      return outcome
    },
    usable: () => !lost && (names === null || names.count() <= MAX_PREPARED),
    async close() {
      if (kept) await end(client)
    },
  }
}

/**
 * A client that has not connected yet.
 *
 * @param more options of the driver besides.
 * @throws where the URL is none.
 */
export function createClient({ url, login, settings, connectTimeoutMs }: LaneOptions, more: ClientConfig = {}): Client {
  const address = new URL(url)
  for (const part of [address.username, address.password, address.pathname]) decodeURIComponent(part)
  if (login) {
    address.username = encodeURIComponent(login.name)
    address.password = encodeURIComponent(login.password ?? '')
  }
  // What the URL says would win over other options, so it has to be said there.
  const { application_name: name = '', ...rest } = settings
  address.searchParams.set('application_name', name)
  const options = startupOptions(address.searchParams.get('options'), rest)
  if (options !== '') address.searchParams.set('options', options)
  return new PgClient({
    ...more,
    connectionString: address.href,
    connectionTimeoutMillis: connectTimeoutMs,
    pipeline: true,
  })
}

/** Says goodbye, and hangs up on a server that does not answer. */
export async function end(client: Client): Promise<void> {
  const late = setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT_MS)
  await client.end()
  clearTimeout(late)
}

/** `-c name=value …`, as a server's command line takes them. */
function startupOptions(given: string | null, settings: Readonly<Record<string, string>>): string {
  const escaped = (value: string): string => value.replaceAll(/[\\\s]/g, (char) => `\\${char}`)
  const own = Object.entries(settings).map(([name, value]) => `-c ${name}=${escaped(value)}`)
  return [...(given ? [given] : []), ...own].join(' ')
}

/** What one connection keeps of what it has sent, and is about to send. */
interface Sending {
  readonly client: Client
  readonly names: StatementNames | null
  readonly parsing: Parsing
  readonly shared: SharedTransactions
  /** Whether what is written waits for the end of this turn of the event loop. */
  corked: boolean
}

/** Hands all statements over before it returns, so that no other batch comes between them. */
function sendAll(sending: Sending, statements: readonly Statement[]): Promise<Settled> {
  const { client, names, parsing } = sending
  cork(sending)
  return new Promise((resolve) => {
    // The driver's types know no query but their own.
    client.query(new PipelinedQuery(statements, names, parsing, resolve) as object as Submittable)
  })
}

/** Forgets what has turned out to be stale. */
function toOutcome({ client, names }: Sending, { answers, failure }: Settled): Outcome {
  if (!failure) return { ok: true, answers }
  const stale = names !== null && failure.statement?.prepare !== false && isStalePlan(failure.error)
  if (stale && failure.statement) forget(client, names, failure.statement.text)
  return { ok: false, error: queryError(failure.error), stale }
}

/** One write to the socket for all that is sent in this turn of the event loop; false where sockets have no cork, as on Workers. */
function cork(sending: Sending): boolean {
  const { stream } = sending.client.connection
  if (!stream.cork) return false
  if (sending.corked) return true
  sending.corked = true
  stream.cork()
  setImmediate(() => {
    sending.shared.flush()
    sending.corked = false
    stream.uncork()
  })
  return true
}

/** A plan that no longer fits the tables (0A000), or that the session does not know any more (26000). */
function isStalePlan(error: unknown): boolean {
  if (!isServerError(error)) return false
  return error.code === '26000' || (error.code === '0A000' && error.message.includes('cached plan'))
}

function forget(client: Client, names: StatementNames | null, text: string): void {
  const name = names?.forget(text)
  // It may be gone already, or the connection; either way nothing holds it any more.
  if (name !== undefined) client.query({ text: `deallocate "${name}"` }, () => {})
}
