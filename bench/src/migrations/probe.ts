import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import postgres from 'postgres'
import { startLockMonitor } from '../../../tests/migrations/lock-monitor.ts'
import { startLoad } from './load.ts'
import { AFTER } from './schemas.ts'
import { createWorld } from './world.ts'

const ADMIN = 'postgres://postgres@127.0.0.1:5432/postgres'
const [mode = 'backfill', mon = 'none', rows = '300000', seconds = '8'] = process.argv.slice(2)
const wait = (s: number) => new Promise((r) => setTimeout(r, s * 1000))
const q = (v: readonly number[], p: number) =>
  v.toSorted((a, b) => a - b)[Math.min(v.length - 1, Math.floor(v.length * p))] ?? 0
const world = await createWorld(ADMIN, Number(rows))
const load = startLoad(world, Number(rows), 100)
load.phase('warm')
await wait(3)
const m1 = mon === 'both' ? await startLockMonitor(world.url) : null
load.phase('without')
await wait(Number(seconds))
const m2 = mon === 'during' ? await startLockMonitor(world.url) : null
const stat = async () =>
  (
    await world.sql.unsafe(
      `select wal_records::text r, wal_fpi::text f, wal_bytes::text b, wal_sync::text s, wal_write::text w, wal_buffers_full::text bf, (select checkpoints_timed+checkpoints_req from pg_stat_bgwriter)::text c from pg_stat_wal`,
    )
  )[0] as Record<string, string>
const sampler = process.env.SAMPLE ? postgres(world.url, { max: 1 }) : null
const events: Record<string, number> = {}
let sampling = false
const loop = (async () => {
  while (sampler && !sampling) {
    for (const r of await sampler.unsafe(
      `select coalesce(wait_event_type||':'||wait_event,'cpu') e, usename u from pg_stat_activity where datname=current_database() and state='active' and pid<>pg_backend_pid()`,
    ))
      events[`${String(r.u).slice(0, 22)} ${r.e}`] = (events[`${String(r.u).slice(0, 22)} ${r.e}`] ?? 0) + 1
    await wait(0.007)
  }
})()
let a: Record<string, string> = {}
let b: Record<string, string> = {}
let t0 = 0
let t1 = 0
if (mode === 'backfill') {
  await migrate(world.database, AFTER, { run: { signal: AbortSignal.abort() }, report: () => {} })
  const [st] = await migrationStatus(world.database, { schema: 'shop' })
  load.phase('other')
  await runMigration(world.database, st?.id ?? '', {
    async progress({ phase, step, plan }) {
      const now = phase === 'backfill' && plan.steps[step]?.kind === 'backfill'
      load.phase(now ? 'backfill' : 'other')
      if (now && !t0) {
        t0 = performance.now()
        void stat().then((x) => {
          a = x
        })
      }
      if (!now && t0 && !t1) {
        t1 = performance.now()
        void stat().then((x) => {
          b = x
        })
      }
    },
  })
} else {
  t0 = performance.now()
  load.phase('backfill')
  a = await stat()
  if (mode === 'cpu') await world.sql.unsafe(`select count(*) from generate_series(1, 40000000) i where i % 7 = 3`)
  else await wait(Number(seconds))
  t1 = performance.now()
  b = await stat()
}
load.phase('end')
await wait(1)
sampling = true
await loop
await sampler?.end()
await m1?.stop()
await m2?.stop()
const { latencies } = await load.stop()
const d = Object.fromEntries(Object.keys(a).map((k) => [k, Number(b[k]) - Number(a[k])]))
console.log(
  JSON.stringify({
    mode,
    mon,
    s: Math.round(t1 - t0) / 1000,
    rate: Math.round(Number(rows) / ((t1 - t0) / 1000)),
    ...Object.fromEntries(
      ['without', 'backfill'].map((n) => [
        n,
        [latencies[n]?.length, ...[0.5, 0.9, 0.95, 0.99].map((p) => Number(q(latencies[n] ?? [], p).toFixed(2)))],
      ]),
    ),
    ratio: Number((q(latencies.backfill ?? [], 0.99) / q(latencies.without ?? [], 0.99)).toFixed(2)),
    wal: d,
  }),
)
if (sampler)
  console.log(
    JSON.stringify(
      Object.entries(events)
        .toSorted((x, y) => y[1] - x[1])
        .slice(0, 14),
    ),
  )
await world.close()
process.exit(0)
