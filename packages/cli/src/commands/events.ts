/** `backsaas events`: what has happened, as CloudEvents, in the order of their positions. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Event, parseApiKey } from '@backsaas/core'
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
const LOOK_MS = 500

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
    const access = openRegistry(options, command)
    if (access.by === 'database') {
      const { listEvents } = await import('@backsaas/migrator')
      await useDatabase(access.url, (database) => show((after) => listEvents(database, after, PAGE), options, io))
      return
    }
    const { readEvents } = await import('../registry/read-events.ts')
    const tenantId = parseApiKey(options.key ?? '')?.tenantId ?? ''
    await show((after) => readEvents(access.client, tenantId, after, PAGE), options, io)
  })
}

async function show(read: ReadEvents, { after, type, follow, json }: EventsOptions, io: Io): Promise<void> {
  let isStopped = false
  const stopped = follow
    ? io.untilStopped().then(() => {
        isStopped = true
      })
    : null
  let seen = after
  while (!isStopped) {
    const events = await read(seen)
    for (const event of events) {
      seen = event.position ?? seen
      if (type === undefined || event.type === type) io.out(json ? JSON.stringify(event) : line(event))
    }
    if (events.length === PAGE) continue
    if (!stopped) return
    await Promise.race([delay(LOOK_MS, undefined, { ref: true }), stopped])
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
An event has a position once it has been relayed; others are not shown yet.

Examples:
  backsaas events --follow --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…
  backsaas events --after 120 --type schema.created --database postgres://postgres@127.0.0.1:5432/app --json`
