/** How fast a backfill is, and how fast Postgres is by itself on the same rows. */
import { migrate, migrationStatus, runMigration } from '@backsaas/migrator'
import postgres from 'postgres'
import { AFTER } from './schemas.ts'
import { STORE, type World } from './world.ts'

/** As long as a batch of the migrator takes, about. */
const BARE_ROWS = 5000

/** Asks for the migration, and does nothing of it. @returns its id. */
export async function request(world: World): Promise<string> {
  await migrate(world.database, AFTER, { run: { signal: AbortSignal.abort() }, report: () => {} })
  const [status] = await migrationStatus(world.database, { schema: 'shop' })
  return status?.id ?? ''
}

/** From the end of the step before to its own: ANALYZE is a part of it. @returns rows a second. */
export async function backfill(world: World, rows: number): Promise<number> {
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

/**
 * The same values set in the same table, trigger and checks in place, by plain updates of ranges that were known before: no checkpoint, no
 * look at what needs it, nothing asked in between. What a backfill cannot be faster than.
 *
 * @returns rows a second.
 */
export async function bareUpdate(world: World, rows: number): Promise<number> {
  const id = await request(world)
  const stopping = new AbortController()
  let set = ''
  await runMigration(world.database, id, {
    signal: stopping.signal,
    progress({ step, plan }) {
      const next = plan.steps[step]
      if (next?.kind !== 'backfill') return
      set = next.backfill.set
      stopping.abort()
    },
  })
  const keys = await world.sql.unsafe(
    `select id::text from (select id, row_number() over (order by id) as n from ${STORE}.people) r
     where n % ${BARE_ROWS} = 0 or n = ${rows} order by id`,
  )
  const sql = postgres(world.url, { max: 1, onnotice: () => {} })
  try {
    const [migrator] = await sql.unsafe(`select name from backsaas.logins where kind = 'migrator'`)
    await sql.unsafe(
      `set role "${migrator?.name}"; set row_security = off; set backsaas.backfill = 'on'; set synchronous_commit = off`,
    )
    const startedAt = performance.now()
    let after = '00000000-0000-0000-0000-000000000000'
    for (const { id: last } of keys) {
      const text = `update ${STORE}.people as t set ${set} where t.tenant_id = $1 and t.id > $2 and t.id <= $3`
      await sql.unsafe(text, [world.tenantId, after, last])
      after = last
    }
    return rows / ((performance.now() - startedAt) / 1000)
  } finally {
    await sql.end()
  }
}
