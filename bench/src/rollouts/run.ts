/** `npm run bench:rollouts`: what it costs to move many tenants to another version while they ask, and to be ready for many more. */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { pg } from '@backsaas/adapters/databases/pg'
import type { Connection, Database } from '@backsaas/core'
import { bootstrap, listRollouts, migrate, startRollouts, steerRollout } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { createAnew, inDatabase } from '../connect.ts'
import { startClients } from './clients.ts'
import { registerTenants } from './register-tenants.ts'

const HELP = `npm run bench:rollouts [-- OPTIONS]

  --tenants 1000       that have the schema
  --clients 20         of them ask, one request after the other
  --bake 2s            of each of the waves 1, 10, 50, 100
  --json

Postgres: BACKSAAS_TEST_DATABASE_URL.
`
const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '20' },
    bake: { type: 'string', default: '2s' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const ADMIN = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

const DATABASE = 'backsaas_bench_rollouts'

const documentOf = (...fields: readonly string[]): string =>
  `schema: shop\nentities:\n  orders:\n    fields:\n${['title', ...fields].map((f) => `      ${f}: { type: string }\n`).join('')}`

if (values.help) process.stdout.write(HELP)
else await run()

async function run(): Promise<void> {
  await createAnew(ADMIN, DATABASE)
  const database = pg(inDatabase(ADMIN, DATABASE), { max: 6 })
  try {
    const shown = await measure(database)
    if (values.json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
    else console.table(shown)
  } finally {
    await database.close?.()
  }
}

async function measure(database: Database): Promise<readonly object[]> {
  const count = Number(values.tenants)
  await bootstrap(database, { report: () => undefined })
  await migrate(database, documentOf(), { report: () => undefined })
  const registering = performance.now()
  await registerTenants(database, count, 'shop')
  process.stderr.write(`${count} tenants in ${seconds(registering)} s\n`)
  const runtime = createRuntime({ database: withoutClose(database), beat: { leaseMs: 1000, name: 'bench' } })
  await runtime.ready()
  const clients = startClients(runtime, count, Number(values.clients))
  await delay(3000)
  const before = clients.taken()
  await migrate(database, documentOf('note'), { hold: true, report: () => undefined })
  const led = { statements: 0 }
  const rollouts = await startRollouts(counting(database, led), { intervalMs: 250 })
  const started = performance.now()
  await steerRollout(database, 'start_rollout', {
    schema: 'shop',
    bake: values.bake,
    waves: [1, 10, 50, 100],
    gates: { p95_ratio: 10, on_silence: 'continue' },
  })
  let row = await newest(database)
  while (row.state === 'running' || row.state === 'returning') {
    await delay(100)
    row = await newest(database)
  }
  const took = performance.now() - started
  const during = clients.taken()
  await rollouts.close()
  await clients.stop()
  await runtime.close()
  const statuses = JSON.stringify(Object.fromEntries(during.statuses))
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  return [
    { what: 'state', measured: `${row.state}${row.problem ? ` ${JSON.stringify(row.problem)}` : ''}` },
    { what: `${count} installs moved in four waves, bakes included, s`, measured: round(took / 1000) },
    { what: 'installs that have the new version', measured: row.moved },
    { what: 'statements of the leader', measured: led.statements },
    { what: 'answers meanwhile, by status', measured: statuses },
    { what: 'p95 before, ms', measured: round(before.p95) },
    { what: 'p95 meanwhile, ms', measured: round(during.p95) },
    { what: 'heap of runtime, leader and clients, MiB', measured: heap },
  ]
}

async function newest(database: Database): Promise<Readonly<Record<string, unknown>>> {
  return (await listRollouts(database, 'shop'))[0] ?? {}
}

/** Of the leader alone. */
function counting(database: Database, led: { statements: number }): Database {
  const counted = (connection: Connection): Connection => ({
    ...connection,
    batch(statements) {
      led.statements += statements.length
      return connection.batch(statements)
    },
    ...(connection.transaction && {
      transaction: (work: (inner: Connection) => Promise<unknown>) =>
        connection.transaction?.((inner) => work(counted(inner))) as never, // as it is asked
    }),
  })
  return { ...database, open: (scope, login) => counted(database.open(scope, login)) }
}

function withoutClose({ close: _, ...database }: Database): Database {
  return database
}

function seconds(since: number): number {
  return round((performance.now() - since) / 1000)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
