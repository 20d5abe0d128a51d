/** `backsaas pin`, `unpin` and `pins`: installs that stay at a version, whatever is published. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'
import { askRegistry } from '../registry/ask-registry.ts'
import { type RegistryOptions, withRegistry } from '../registry/registry-access.ts'

interface PinOptions extends RegistryOptions {
  readonly version?: number
  readonly until: string
  readonly reason: string
}

interface UnpinOptions extends RegistryOptions {
  readonly stay?: true
}

/** Adds the three commands to `program`. */
export function addPin(program: Command, io: Io): void {
  addPinning(program, io)
  addUnpinning(program, io)
  addPins(program, io)
}

function addPinning(program: Command, io: Io): void {
  const command = program
    .command('pin')
    .description('Keep an install at its version, or another that serves, until somebody unpins it.')
    .argument('<tenant>', 'its slug; through an API the tenant itself, or any with a key of `system`')
    .argument('<profile>', 'the name that requests select it by')
    .option('--version <version>', 'one that serves (default: the one that it has)', version)
    .requiredOption('--until <time>', 'when reminders come: 30d (m, h, d, w) or 2027-01-31T12:00:00Z; a year at most')
    .requiredOption('--reason <text>', 'why: whoever waits for it reads this')
    .addHelpText('after', PIN_HELP)
  withRegistry(command, 'both').action(async (tenant: string, profile: string, options: PinOptions) => {
    const { until, reason } = options
    const pin = { tenant, profile, until, reason, ...(options.version !== undefined && { version: options.version }) }
    const result = await askRegistry('pin_install', pin, { options, command }, async (url) => {
      const { pinInstall, pinJson } = await import('@backsaas/migrator')
      return useDatabase(url, async (database) => pinJson(await pinInstall(database, pin)))
    })
    if (options.json) io.out(JSON.stringify(result))
    else io.out(`${profile} of ${result.tenant} stays at version ${result.version}; reminders from ${result.until}`)
  })
}

function addUnpinning(program: Command, io: Io): void {
  const command = program
    .command('unpin')
    .description('Let a pinned install go: it moves to the version that others have.')
    .argument('<tenant>', 'as of `pin`')
    .argument('<profile>', 'the name that requests select it by')
    .option('--stay', 'it keeps its version until the next one is published')
    .addHelpText('after', UNPIN_HELP)
  withRegistry(command, 'both').action(async (tenant: string, profile: string, options: UnpinOptions) => {
    const which = { tenant, profile, ...(options.stay && { stay: true }) }
    const result = await askRegistry('unpin_install', which, { options, command }, async (url) => {
      const { unpinInstall, unpinJson } = await import('@backsaas/migrator')
      return useDatabase(url, async (database) => unpinJson(await unpinInstall(database, which)))
    })
    if (options.json) io.out(JSON.stringify(result))
    else {
      const before = result.unpinned ? '' : 'was not pinned; '
      io.out(`${profile} of ${result.tenant}: ${before}${result.moved ? 'now' : 'still'} at version ${result.version}`)
    }
  })
}

function addPins(program: Command, io: Io): void {
  const command = program
    .command('pins')
    .description('Who is pinned, where, until when and why; those that are overdue first.')
    .argument('[schema]', 'its name; all unless given')
    .addHelpText('after', PINS_HELP)
  withDatabase(command).action(async (schema: string | undefined, options: DatabaseOptions) => {
    const { listPins } = await import('@backsaas/migrator')
    const which = schema === undefined ? {} : { schema }
    const pins = await useDatabase(options.database, (database) => listPins(database, which))
    if (options.json) return io.out(JSON.stringify(pins))
    if (pins.length === 0) return io.out('nobody is pinned')
    for (const pin of pins) {
      const { tenant, profile, until, overdue, reason } = pin
      io.out(`${tenant}  ${profile}  version ${pin.version}  until ${until}${overdue ? '  OVERDUE' : ''}  ${reason}`)
    }
  })
}

function version(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('It is no version: give a whole number from 1 on.')
}

const PIN_HELP = `
Examples:
  backsaas pin globex crm --until 30d --reason "their year ends"
  backsaas pin globex crm --version 1 --until 2027-01-31T12:00:00Z --reason "an audit" --json
  backsaas pin acme crm --until 1w --reason "a demo" --url http://127.0.0.1:8787/t/acme/rest/v1 --key bsk_…`

const UNPIN_HELP = `
Examples:
  backsaas unpin globex crm
  backsaas unpin globex crm --stay --json`

const PINS_HELP = `
Examples:
  backsaas pins
  backsaas pins crm --json`
