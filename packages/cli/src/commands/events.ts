/** `backsaas events`: what has happened, as CloudEvents, in the order of their positions. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, type Event, parseApiKey } from '@backsaas/core'
import { type Command, InvalidArgumentError } from 'commander'
import type { Io } from '../io.ts'
import { useDatabase } from '../open-database.ts'
import { openRegistry, type RegistryOptions, withRegistry } from '../registry/registry-access.ts'

interface EventsOptions extends RegistryOptions {
  readonly after: number
  readonly type?: string
  readonly follow?: true
}

/** Events after a position, oldest first. */
type ReadEvents = (after: number) => Promise<readonly Event[]>

const PAGE = 500
/** How often a database is looked into that tells nothing, and one that does. */
const LOOK_MS = 500
const LOOK_LISTENING_MS = 10_000

/** Adds the command to `program`. */
export function addEvents(program: Command, io: Io): void {
  const command = program
    .command('events')
    .description("Show the tenant's events; in a database, everybody's. With --follow, those to come too.")
    .option('--after <position>', 'those behind a position', position, 0)
    .option('--type <type>', 'of one type, such as schema.created')
    .option('--follow', 'go on until Ctrl-C')
    .addHelpText('after', HELP)
  withRegistry(command, 'both').action(async (options: EventsOptions) => {
    const { after, type, follow } = options
    const access = openRegistry(options, command)
    const tell = (event: Event): void => io.out(options.json ? JSON.stringify(event) : line(event))
    const show = (event: Event): void => {
      if (type === undefined || event.type === type) tell(event)
    }
    if (access.by === 'database') {
      const { listEvents } = await import('@backsaas/migrator')
      await useDatabase(access.url, async (database) => {
        const read: ReadEvents = (from) => listEvents(database, from, PAGE)
        if (follow) await followTable(database, read, after, show, io.untilStopped())
        else await readAll(read, after, show)
      })
    } else if (follow) {
      const { followEvents } = await import('../registry/follow-events.ts')
      const { url, key } = access
      await followEvents({ url, key, after, type, stopped: io.untilStopped(), onEvent: tell })
    } else {
      const { readEvents } = await import('../registry/read-events.ts')
      const tenantId = parseApiKey(access.key)?.tenantId ?? ''
      await readAll((from) => readEvents(access.client, tenantId, from, PAGE), after, show)
    }
  })
}

/** @returns the position of the last one. */
async function readAll(read: ReadEvents, after: number, show: (event: Event) => void): Promise<number> {
  for (let seen = after; ; ) {
    const events = await read(seen)
    for (const event of events) show(event)
    seen = events.at(-1)?.position ?? seen
    if (events.length < PAGE) return seen
  }
}

/** Woken by the relay where the database listens; it also looks by itself, since what wakes it is a hint. */
async function followTable(
  database: Database,
  read: ReadEvents,
  after: number,
  show: (event: Event) => void,
  untilStopped: Promise<void>,
): Promise<void> {
  const { RELAYED_CHANNEL } = await import('@backsaas/migrator')
  let isStopped = false
  let pausing = new AbortController()
  const wake = (): void => pausing.abort()
  void untilStopped.then(() => {
    isStopped = true
    wake()
  })
  const options = { login: 'migrator', onReconnect: wake } as const
  const stopListening = await database.listen?.(RELAYED_CHANNEL, wake, options).catch(() => null)
  const pauseMs = stopListening ? LOOK_LISTENING_MS : LOOK_MS
  try {
    for (let seen = after; !isStopped; ) {
      pausing = new AbortController()
      seen = await readAll(read, seen, show)
      // Ends early where it is woken, also while it was reading.
      if (!isStopped) await delay(pauseMs, undefined, { signal: pausing.signal }).catch(() => undefined)
    }
  } finally {
    await stopListening?.()
  }
}

function line({ position, time, type, subject, data }: Event): string {
  return `${position}  ${time}  ${type}  ${subject ?? '-'}  ${JSON.stringify(data)}`
}

function position(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new InvalidArgumentError('It is no position: give a whole number.')
}

const HELP = `
An event has a position once it has been relayed; others are not shown yet. Through an API --follow is the tenant's /events.

Examples:
  backsaas events --follow --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas events --after 120 --type schema.created --database postgres://postgres@127.0.0.1:5432/app --json`
