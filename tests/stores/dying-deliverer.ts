/** Delivers, and stops dead at a point, inside its transaction there, and says so, to be killed. */
import { writeSync } from 'node:fs'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Connection, Database } from '@backsaas/core'
import { startDeliveries } from '@backsaas/migrator'

/** By the statement that is the last before it dies. */
const POINTS: Readonly<Record<string, RegExp>> = {
  published: /insert into backsaas\.migrations/,
  mirrored: /insert into backsaas\.placements .* on conflict do nothing/s,
  noted: /update .*"?deliveries"? set/,
}
const [home, eu, point] = process.argv.slice(2)
const pattern = POINTS[point ?? '']
if (!home || !eu || !pattern) throw new Error('usage: dying-deliverer.ts HOME EU published|mirrored|noted')

function dying(database: Database): Database {
  const watched =
    (inner: Connection): Connection['batch'] =>
    async (statements, hints) => {
      const results = await inner.batch(statements, hints)
      if (statements.some(({ text }) => pattern?.test(text))) {
        writeSync(1, 'there\n')
        await new Promise(() => {})
      }
      return results
    }
  return {
    ...database,
    open(scope, login) {
      const connection = database.open(scope, login)
      return {
        ...connection,
        batch: watched(connection),
        async transaction(run) {
          if (!connection.transaction) throw new Error('no transactions')
          return connection.transaction((inner) => run({ ...inner, batch: watched(inner) }))
        },
      }
    },
  }
}

await startDeliveries({ home: dying(postgres(home)), named: { eu: dying(postgres(eu)) } }, { intervalMs: 50 })
writeSync(1, 'ready\n')
