/** What is sent to a database by whoever is given the counting one. */
import type { Connection, Database } from '@backsaas/core'
import type { Fleet } from '@backsaas/migrator'

export interface Counts {
  statements: number
  /** Batches; begin and commit of a transaction that decides between its statements go besides. */
  trips: number
}

export function counting(database: Database, counts: Counts): Database {
  const counted = (connection: Connection): Connection => ({
    ...connection,
    batch(statements, hints) {
      counts.statements += statements.length
      counts.trips++
      return connection.batch(statements, hints)
    },
    ...(connection.transaction && {
      transaction: (work: (inner: Connection) => Promise<unknown>) =>
        connection.transaction?.((inner) => work(counted(inner))) as never, // as it is asked
    }),
  })
  return { ...database, open: (scope, login) => counted(database.open(scope, login)) }
}

export function countingFleet({ home, named }: Fleet, counts: Counts): Fleet {
  const others = Object.entries(named).map(([name, database]) => [name, counting(database, counts)])
  return { home: counting(home, counts), named: Object.fromEntries(others) }
}
