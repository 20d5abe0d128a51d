/** One connection to Postgres by a node-postgres client in pipeline mode: batches may share it, each is sent whole. */
import type { Statement } from '@backsaas/core'
import driver, { type Client, type ClientConfig, type QueryConfig } from 'pg'
import { type Lane, type LaneOptions, MAX_PREPARED } from '../lane.ts'
import { unreachable } from '../server-error.ts'
import type { Answer, Outcome } from '../session.ts'
import { connectError, queryError } from './driver-error.ts'
import { createStatementNames, type StatementNames } from './statement-names.ts'

/** Text comes in as it is. */
const AS_IT_IS: ClientConfig['types'] = { getTypeParser: () => (text: string) => text }

const CLOSE_TIMEOUT_MS = 5000

/** What `rowMode: 'array'` and `AS_IT_IS` make of an answer; the driver's types follow neither. */
interface DriverAnswer {
  readonly rows: readonly (readonly (string | null)[])[]
  readonly rowCount: number | null
  readonly command: string | null
}

/** A query that is always sent by the protocol that allows one statement; the driver's types do not know the option. */
interface ExtendedQuery extends QueryConfig<(string | null)[]> {
  readonly rowMode: 'array'
  readonly queryMode: 'extended'
}

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

  return {
    async send(statements) {
      if (lost) return { ok: false, error: unreachable('08006', 'the connection to Postgres was lost'), stale: false }
      const outcome = await sendAll(client, statements, names)
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
 * @throws where the URL is none.
 */
export function createClient({ url, login, settings, connectTimeoutMs }: LaneOptions): Client {
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
  return new driver.Client({
    connectionString: address.href,
    connectionTimeoutMillis: connectTimeoutMs,
    pipeline: true,
    types: AS_IT_IS,
  })
}

/** Says goodbye, and hangs up on a server that does not answer. */
async function end(client: Client): Promise<void> {
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

/** Writes all statements before it returns, so that no other batch comes between them. */
function sendAll(client: Client, statements: readonly Statement[], names: StatementNames | null): Promise<Outcome> {
  return new Promise((resolve) => {
    const answers: Answer[] = []
    const stale: string[] = []
    let failure: unknown
    let left = statements.length

    const answered = (statement: Statement, name: string | undefined, error: unknown, answer?: DriverAnswer): void => {
      if (name !== undefined) names?.give(statement.text, !error)
      if (!error) answers.push(readAnswer(answer))
      else {
        failure ??= error
        if (name !== undefined && isStalePlan(error)) stale.push(statement.text)
      }
      if (--left > 0) return
      for (const text of stale) forget(client, names, text)
      resolve(failure === undefined ? { ok: true, answers } : failed(failure, stale.length > 0))
    }

    // One write to the socket; Workers' sockets have no cork.
    const { stream } = client.connection
    stream.cork?.()
    for (const statement of statements) {
      const name = statement.prepare === false ? undefined : names?.take(statement.text)
      client.query(queryOf(statement, name), (error: unknown, answer: unknown) =>
        // What the driver answers to such a query; see DriverAnswer.
        answered(statement, name, error, answer as DriverAnswer),
      )
    }
    stream.uncork?.()
  })
}

function queryOf({ text, params }: Statement, name: string | undefined): ExtendedQuery {
  const query: ExtendedQuery = { text, values: [...params], rowMode: 'array', queryMode: 'extended' }
  return name === undefined ? query : { ...query, name }
}

function readAnswer(answer: DriverAnswer | undefined): Answer {
  return { rows: answer?.rows ?? [], count: answer?.rowCount ?? 0, command: answer?.command ?? '' }
}

function failed(error: unknown, stale: boolean): Outcome {
  return { ok: false, error: queryError(error), stale }
}

/** A plan that no longer fits the tables (0A000), or that the session does not know any more (26000). */
function isStalePlan(error: unknown): boolean {
  if (!(error instanceof driver.DatabaseError)) return false
  return error.code === '26000' || (error.code === '0A000' && error.message.includes('cached plan'))
}

function forget(client: Client, names: StatementNames | null, text: string): void {
  const name = names?.forget(text)
  // It may be gone already, or the connection; either way nothing holds it any more.
  if (name !== undefined) client.query({ text: `deallocate "${name}"` }, () => {})
}
