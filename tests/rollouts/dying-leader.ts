/** A leader that stops dead after so many moves, inside its transaction, and says so, to be killed there. */
import { writeSync } from 'node:fs'
import { postgres } from '@backsaas/adapters/databases/postgres'
import type { Connection, Database } from '@backsaas/core'
import { startRollouts } from '@backsaas/migrator'

const [url, at] = process.argv.slice(2)
if (!url || !at) throw new Error('usage: dying-leader.ts URL MOVES')
let moves = 0

function wrap(connection: Connection): Connection {
  return {
    ...connection,
    async transaction(run) {
      if (!connection.transaction) throw new Error('no transactions')
      return connection.transaction((inner) => run({ ...inner, batch: watched(inner) }))
    },
  }
}

/** After the installs of a chunk have their new version, and before that is committed. */
function watched(inner: Connection): Connection['batch'] {
  return async (statements) => {
    const results = await inner.batch(statements)
    const isMove = statements.some(({ text }) => text.includes('unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[])'))
    if (isMove && ++moves >= Number(at)) {
      writeSync(1, 'there\n')
      await new Promise(() => {})
    }
    return results
  }
}

const database = postgres(url, { max: 4 })
const dying: Database = { ...database, open: (scope, login) => wrap(database.open(scope, login)) }
await startRollouts(dying, { intervalMs: 50, name: 'dying' })
writeSync(1, 'ready\n')
