/** `backsaas store …`: where tenants' rows are, and how versions come there. */
import { type Command, InvalidArgumentError } from 'commander'
import { decide } from '../decide.ts'
import type { Io } from '../io.ts'
import { type DatabaseOptions, useDatabase, withDatabase } from '../open-database.ts'
import { useFleet } from '../open-fleet.ts'
import { deliveryJson, deliveryLines } from '../stores/delivery-lines.ts'

interface CreateOptions extends DatabaseOptions {
  readonly in?: string
  readonly dedicated?: true
  readonly position?: number
}

interface StatusOptions extends DatabaseOptions {
  readonly watch?: true
}

/** Adds the commands to the group `store`. */
export function addStore(store: Command, io: Io): void {
  addCreate(store, io)
  addList(store, io)
  addStatus(store, io)
}

function addCreate(store: Command, io: Io): void {
  const command = store
    .command('create')
    .description('Make a store: tables of their own for some tenants, or for one, in this database or another.')
    .argument('<name>', 'lower-case letters, digits, - and _')
    .option('--in <name>', 'the database that it is in, as BACKSAAS_DATABASES names it (default: the registry’s)')
    .option('--dedicated', 'of the first tenant that installs something there, and nobody else')
    .option('--position <n>', 'versions come to stores with lower numbers first', position)
    .addHelpText('after', HELP)
  withDatabase(command).action(async (name: string, options: CreateOptions) => {
    const { createStore } = await import('@backsaas/migrator')
    const made = await useFleet(options.database, io.env, (fleet) =>
      createStore(fleet, {
        name,
        kind: options.dedicated ? 'dedicated' : 'pooled',
        ...(options.in !== undefined && { database: options.in }),
        ...(options.position !== undefined && { position: options.position }),
        bootstrap: { decide, report: io.err },
      }),
    )
    const where = made.database === null ? '' : ` in ${made.database}`
    io.out(options.json ? JSON.stringify(made) : `store ${made.name} (${made.kind})${where}`)
  })
}

function addList(store: Command, io: Io): void {
  const command = store.command('list').description('The stores, with how many schemas and tenants each has.')
  withDatabase(command).action(async (options: DatabaseOptions) => {
    const { listStores } = await import('@backsaas/migrator')
    const stores = await useDatabase(options.database, listStores)
    if (options.json) io.out(JSON.stringify(stores))
    else
      for (const { name, kind, database, dedicatedTo, schemas, tenants } of stores) {
        const where = database === null ? '' : ` in ${database}`
        const whose = dedicatedTo === null ? '' : ` of ${dedicatedTo}`
        io.out(`${name}: ${kind}${whose}${where}, ${counted(schemas, 'schema')}, ${counted(tenants, 'tenant')}`)
      }
  })
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function addStatus(store: Command, io: Io): void {
  const command = store
    .command('status')
    .description('How the newest version of each schema comes to its stores.')
    .argument('[schema]', 'of one schema alone; owner/name of one owner’s')
    .option('--watch', 'until every store has it')
  withDatabase(command).action((schema: string | undefined, options: StatusOptions) => show(schema, options, io))
}

const OVER = ['live', 'done', 'rolled_back']
const LOOK_MS = 1000

async function show(schema: string | undefined, options: StatusOptions, io: Io): Promise<void> {
  const { listDeliveries } = await import('@backsaas/migrator')
  await useDatabase(options.database, async (database) => {
    for (let told = ''; ; ) {
      const found = await listDeliveries(database, schema ?? null)
      const now = options.json
        ? JSON.stringify(found.map(deliveryJson))
        : found.length === 0
          ? 'no schema has been delivered to another store'
          : found.flatMap(deliveryLines).join('\n')
      if (now !== told) io.out(now)
      told = now
      if (!options.watch || found.every(({ state }) => OVER.includes(state))) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  })
}

function position(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new InvalidArgumentError('It is no position: give a whole number from 0 on.')
}

const HELP = `
Examples:
  backsaas store create big
  backsaas store create acme --dedicated
  BACKSAAS_DATABASES="eu=postgres://…" backsaas store create eu-1 --in eu
  backsaas tenant create acme --schema crm --store acme`
