/** `npm run bench:rollouts`: what it costs to bring many tenants another version while they write, over many stores, and to be ready for many more. */
import { parseArgs } from 'node:util'
import { type Figures, measure } from './measure.ts'
import { measureIdle } from './measure-idle.ts'
import { openFleet } from './open-fleet.ts'

const HELP = `npm run bench:rollouts [-- OPTIONS]

  --tenants 1000       that have the schema
  --stores 1           that they are in: every fifth is one tenant's own
  --databases 1        that the stores are in, in turn
  --change compatible  or breaking, which is a migration in every store, and its contract after the roll-out
  --clients 20         write and read, one request after the other
  --bake 2s            of each of the waves 1, 10, 50, 100
  --idle               and what is asked of each database afterwards, while nobody asks anything
  --json

Postgres: BACKSAAS_TEST_DATABASE_URL.
`
const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '1000' },
    stores: { type: 'string', default: '1' },
    databases: { type: 'string', default: '1' },
    change: { type: 'string', default: 'compatible' },
    clients: { type: 'string', default: '20' },
    bake: { type: 'string', default: '2s' },
    idle: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const ADMIN = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

if (values.help) process.stdout.write(HELP)
else await run()

async function run(): Promise<void> {
  const { change, bake } = values
  if (change !== 'compatible' && change !== 'breaking') throw new Error(`--change ${change}: compatible or breaking`)
  const [tenants, stores, databases, clients] = [values.tenants, values.stores, values.databases, values.clients].map(
    Number,
  ) as [number, number, number, number]
  const bench = await openFleet(ADMIN, databases, stores)
  let figures: Figures
  try {
    figures = await measure(bench, { tenants, change, clients, bake })
    if (values.idle) figures = { ...figures, idle: await measureIdle(bench) }
  } finally {
    await bench.close()
  }
  if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
  else {
    console.table(figures.all)
    if (stores > 1) console.table(figures.stores)
    if (figures.idle) console.table(figures.idle)
  }
  for (const line of figures.wrong) process.stderr.write(`${line}\n`)
  if (figures.wrong.length > 0) process.exitCode = 1
}
