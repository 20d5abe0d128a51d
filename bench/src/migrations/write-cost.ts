/** What a write costs while a trigger keeps two versions in step. */
import { runMigration } from '@backsaas/migrator'
import postgres from 'postgres'
import { request } from './backfill.ts'
import { STORE, type World } from './world.ts'

const WRITES = 4000

/** Single updates of the converted field, one after the other, by a client of the older version: during sync, to those before. */
export async function writeCost(world: World): Promise<{ readonly wal: number; readonly time: number }> {
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
