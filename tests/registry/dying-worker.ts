/** A worker that stops dead at a given point and says so, to be killed there. */
import { writeSync } from 'node:fs'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Connection, Database } from '@backsaas/core'
import { startWorker } from '@backsaas/migrator'

const [url, point, leaseMs] = process.argv.slice(2)
if (!url || !point || !leaseMs) throw new Error('usage: dying-worker.ts URL claimed|uncommitted|converging LEASE_MS')

/** The worker reads the platform in a first transaction; the job is the second. */
let transactions = 0

async function hang(): Promise<never> {
  writeSync(1, 'there\n')
  return new Promise(() => {})
}

function wrap(connection: Connection): Connection {
  return {
    ...connection,
    async transaction(run) {
      transactions += 1
      if (point === 'claimed' && transactions > 1) await hang()
      if (!connection.transaction) throw new Error('no transactions')
      return connection.transaction(async (inner) => {
        const result = await run(inner)
        if (point === 'uncommitted' && transactions > 1) await hang()
        return result
      })
    },
    async script(statements, lock) {
      if (point === 'converging') await hang()
      return (await connection.script?.(statements, lock)) ?? []
    },
  }
}

const database = postgres(url, { max: 4 })
const dying: Database = { ...database, open: (scope, login) => wrap(database.open(scope, login)) }
await startWorker(dying, { leaseMs: Number(leaseMs) })
writeSync(1, 'ready\n')
