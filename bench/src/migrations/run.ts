/** `npm run bench:migrations`: what a migration under load costs, against the bounds of docs/migrations.md. */
import { parseArgs } from 'node:util'
import { backfill, bareUpdate } from './backfill.ts'
import { underLoad } from './under-load.ts'
import { createWorld, type Ids, type World } from './world.ts'
import { writeCost } from './write-cost.ts'

const HELP = `npm run bench:migrations [-- OPTIONS]

  --rows 1000000       of the large table; the small one has 10,000
  --rate 100           requests a second beside the migration
  --seconds 20         of load before it, for comparison
  --json

Postgres: BACKSAAS_TEST_DATABASE_URL.
`
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const ADMIN = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

interface Figure {
  readonly what: string
  readonly measured: number
  /** What is to be reached, `≤` or `≥`. */
  readonly bound: string
}

if (values.help) process.stdout.write(HELP)
else await run()

async function run(): Promise<void> {
  const rows = Number(values.rows)
  const small = await withWorld('backfill', 10_000, 'ordered', (world) => backfill(world, 10_000))
  const large = await sideBySide(rows, 'ordered')
  const scattered = await sideBySide(rows, 'random')
  const writes = await withWorld('writes', 10_000, 'random', writeCost)
  const load = await withWorld('under load', rows, 'random', (world) =>
    underLoad(world, rows, Number(values.rate), Number(values.seconds)),
  )
  const figures: readonly Figure[] = [
    { what: 'backfill, rows a second, 10,000 rows', measured: small, bound: '≥ 60000' },
    { what: `backfill, rows a second, ${rows} rows`, measured: large.ours, bound: '≥ 60000' },
    { what: 'of the large to the small', measured: large.ours / small, bound: '≥ 0.8' },
    { what: 'of the large to plain updates', measured: large.ours / large.bare, bound: '' },
    { what: `backfill, rows a second, ${rows} rows, random ids`, measured: scattered.ours, bound: '' },
    { what: 'of that to plain updates', measured: scattered.ours / scattered.bare, bound: '' },
    { what: 'bytes of WAL of a write during sync, to one without', measured: writes.wal, bound: '≤ 1.6' },
    { what: 'time of a write during sync, to one without', measured: writes.time, bound: '≤ 1.6' },
    { what: 'transactions beside it', measured: load.transactions, bound: '' },
    { what: 'unexpected errors', measured: load.errors, bound: '≤ 0' },
    { what: 'strong locks that were held', measured: load.holds.all.length, bound: '' },
    { what: 'longest, ms', measured: load.holds.maxMs, bound: '≤ 50' },
    { what: 'p99, ms', measured: load.holds.p99Ms, bound: '≤ 15' },
    { what: 'requests without', measured: load.without.requests, bound: '' },
    { what: 'their p99, ms', measured: load.without.p99Ms, bound: '' },
    { what: 'requests during the backfill', measured: load.backfill.requests, bound: '' },
    { what: 'their p99, ms', measured: load.backfill.p99Ms, bound: '' },
    { what: 'of the latter to the former', measured: load.backfill.p99Ms / load.without.p99Ms, bound: '≤ 1.5' },
  ]
  const shown = figures.map(({ what, measured, bound }) => ({ what, measured: Number(measured.toPrecision(4)), bound }))
  if (values.json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
  else console.table(shown)
}

/** Twice in turns, since the machine may be busier at one time than at another. */
async function sideBySide(rows: number, ids: Ids): Promise<{ readonly ours: number; readonly bare: number }> {
  const [ours, bare]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < 2; turn++) {
    ours.push(await withWorld(`backfill, ${ids} ids`, rows, ids, (world) => backfill(world, rows)))
    bare.push(await withWorld(`plain updates, ${ids} ids`, rows, ids, (world) => bareUpdate(world, rows)))
  }
  return { ours: mean(ours), bare: mean(bare) }
}

/** Of rates over the same number of rows. */
function mean(rates: readonly number[]): number {
  return rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0)
}

async function withWorld<T>(name: string, rows: number, ids: Ids, work: (world: World) => Promise<T>): Promise<T> {
  process.stderr.write(`${name}: ${rows} rows\n`)
  const world = await createWorld(ADMIN, rows, ids)
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}
