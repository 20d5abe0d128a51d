/** A database whose process or backend dies at a given statement of the migrator: before it is sent, or after it was answered. */
import type { Connection, Database, Statement } from '@backsaas/core'

export interface KillPoint {
  /** Which statement, counted from 1 over all that the migrator's login runs. */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Ends the process, or the connection. */
  kill(connection: Connection): Promise<void>
  /** Told of every statement. */
  counted?(n: number, text: string): void
}

/** @example withKillPoint(database, { at: 7, when: 'before', kill: async () => process.kill(process.pid, 'SIGKILL') }) */
export function withKillPoint(database: Database, point: KillPoint): Database {
  let n = 0
  const wrap = (connection: Connection): Connection => {
    const each = async (statements: readonly Statement[]): ReturnType<Connection['batch']> => {
      const results: Awaited<ReturnType<Connection['batch']>>[number][] = []
      for (const statement of statements) {
        n++
        point.counted?.(n, statement.text)
        if (n === point.at && point.when === 'before') await point.kill(connection)
        results.push(...(await connection.batch([statement])))
        if (n === point.at && point.when === 'after') await point.kill(connection)
      }
      return results
    }
    const { script, transaction } = connection
    return {
      batch: (statements) => (transaction ? transaction((inner) => wrap(inner).batch(statements)) : each(statements)),
      ...(script && {
        async script(statements) {
          for (const statement of statements) {
            n++
            point.counted?.(n, statement.text)
            if (n === point.at && point.when === 'before') await point.kill(connection)
            await script([statement])
            if (n === point.at && point.when === 'after') await point.kill(connection)
          }
          return []
        },
      }),
      ...(transaction && {
        transaction: (run) =>
          transaction(async (inner) => {
            const value = await run(wrap(inner))
            // The commit is a statement too.
            n++
            point.counted?.(n, 'commit')
            if (n === point.at && point.when === 'before') await point.kill(inner)
            return value
          }),
      }),
    }
  }
  return {
    ...database,
    open: (scope, login) => (login === 'migrator' ? wrap(database.open(scope, login)) : database.open(scope, login)),
  }
}
