/** `npm run bench:migrations`: what a migration under load costs, against the bounds of docs/migrations.md. */
import { parseArgs } from 'node:util'
import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import postgres from 'postgres'
import { startLockMonitor } from '../../../tests/migrations/lock-monitor.ts'
import { startLoad } from './load.ts'
import { AFTER } from './schemas.ts'
import { createWorld, STORE, type World } from './world.ts'

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

const WRITES = 4000

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
  const figures: Figure[] = []
  const small = await withWorld(10_000, (world) => backfill(world, 10_000))
  const large = await withWorld(rows, (world) => backfill(world, rows))
  figures.push(
    { what: 'backfill, rows a second, 10,000 rows', measured: small, bound: '≥ 60000' },
    { what: `backfill, rows a second, ${rows} rows`, measured: large, bound: '≥ 60000' },
    { what: 'of the large to the small', measured: large / small, bound: '≥ 0.8' },
  )
  const writes = await withWorld(10_000, amplification)
  figures.push(
    { what: 'bytes of WAL of a write during sync, to one without', measured: writes.wal, bound: '≤ 1.6' },
    { what: 'time of a write during sync, to one without', measured: writes.time, bound: '≤ 1.6' },
  )
  figures.push(...(await withWorld(rows, (world) => underLoad(world, rows))))
  const shown = figures.map(({ what, measured, bound }) => ({ what, measured: Number(measured.toPrecision(4)), bound }))
  if (values.json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
  else console.table(shown)
}

async function withWorld<T>(rows: number, work: (world: World) => Promise<T>): Promise<T> {
  process.stderr.write(`${work.name || 'backfill'}: ${rows} rows\n`)
  const world = await createWorld(ADMIN, rows)
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}

async function request(world: World): Promise<string> {
  await migrate(world.database, AFTER, { run: { signal: AbortSignal.abort() }, report: () => {} })
  const [status] = await migrationStatus(world.database, { schema: 'shop' })
  return status?.id ?? ''
}

/** From the end of the step before to its own: ANALYZE is a part of it. */
async function backfill(world: World, rows: number): Promise<number> {
  const id = await request(world)
  let beganAt = 0
  let seconds = 0
  await runMigration(world.database, id, {
    progress({ phase, step, plan, rowsDone }) {
      const done = plan.steps[step - 1]
      // Told several times of a step that takes long.
      if (beganAt === 0 && phase === 'backfill' && done?.phase === 'expand') beganAt = performance.now()
      if (done?.kind === 'backfill' && seconds === 0 && rowsDone > 0) seconds = (performance.now() - beganAt) / 1000
    },
  })
  return rows / seconds
}

/** Single updates of the converted field, one after the other, by a client of the older version. */
async function amplification(world: World): Promise<{ readonly wal: number; readonly time: number }> {
  const [placement] = await world.sql.unsafe(`select id from backsaas.placements where schema_name = 'shop'`)
  const once = async (): Promise<{ bytes: number; ms: number }> => {
    await world.sql.unsafe(`vacuum ${STORE}.people`)
    await world.sql.unsafe('checkpoint')
    const connection = postgres(world.url, { max: 1, onnotice: () => {} })
    await connection.unsafe(`select set_config('backsaas.version', '${placement?.id}:1', false)`)
    // What is written whole for the first time after a checkpoint is no cost of the write.
    await connection.unsafe(`update ${STORE}.people set other = 'warm'`)
    const [from] = await connection.unsafe('select pg_current_wal_insert_lsn()::text as at')
    const startedAt = performance.now()
    for (let i = 1; i <= WRITES; i++) {
      await connection.unsafe(
        `update ${STORE}.people set price = ${i} where tenant_id = '${world.tenantId}' and id = md5('${i}')::uuid`,
      )
    }
    const ms = performance.now() - startedAt
    const [bytes] = await connection.unsafe(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '${from?.at}')::text as n`,
    )
    await connection.end()
    return { bytes: Number(bytes?.n), ms }
  }
  const before = await once()
  const id = await request(world)
  await runMigration(world.database, id)
  const during = await once()
  return { wal: during.bytes / before.bytes, time: during.ms / before.ms }
}

async function underLoad(world: World, rows: number): Promise<Figure[]> {
  const load = startLoad(world, rows, Number(values.rate))
  load.phase('warm')
  await wait(3)
  load.phase('without')
  await wait(Number(values.seconds))
  const monitor = await startLockMonitor(world.url)
  const id = await request(world)
  load.phase('other')
  await runMigration(world.database, id, {
    progress({ phase, step, plan }) {
      const next = plan.steps[step]
      load.phase(phase === 'backfill' && next?.kind === 'backfill' ? 'backfill' : 'other')
    },
  })
  load.phase('both')
  await wait(3)
  const [status] = await migrationStatus(world.database, { schema: 'shop' })
  await runMigration(world.database, id, { until: 'done', now: true, token: status?.token ?? '' })
  await wait(2)
  const holds = await monitor.stop()
  const { transactions, errors, latencies } = await load.stop()
  const p99 = (name: string): number => quantile(latencies[name] ?? [], 0.99)
  return [
    { what: 'transactions beside it', measured: transactions, bound: '' },
    { what: 'unexpected errors', measured: Object.values(errors).reduce((a, b) => a + b, 0), bound: '≤ 0' },
    { what: 'strong locks that were held', measured: holds.all.length, bound: '' },
    { what: 'longest, ms', measured: holds.maxMs, bound: '≤ 50' },
    { what: 'p99, ms', measured: holds.p99Ms, bound: '≤ 15' },
    { what: 'p99 of requests without, ms', measured: p99('without'), bound: '' },
    { what: 'p99 of requests during the backfill, ms', measured: p99('backfill'), bound: '' },
    { what: 'of the latter to the former', measured: p99('backfill') / p99('without'), bound: '≤ 1.5' },
  ]
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}
