/** A database whose process or backend dies at a given statement of the migrator: before it is sent, or after it was answered. */
import type { Connection, Database } from '@backsaas/core'
import type { Copy } from './copies.ts'

export interface KillPoint {
  /**
   * Which statement, counted from 1 over all that the migrator's login runs. What a step repeats for as long as it takes (ranges of rows,
   * polls, attempts, renewals of the lease) counts once, or a busy machine would count others than a quiet one.
   */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Ends the process, or the connection. */
  kill(connection: Connection): Promise<void>
  /** Told of every statement, and how many have counted by then. */
  counted?(n: number, text: string): void
}

/** Ends a step. */
const CHECKPOINT = /^update backsaas\.migrations set .*\bstep = \$/
/** Sent by a timer, where it is alone. */
const RENEWAL = /^update backsaas\.migrations set updated_at = clock_timestamp\(\),\s+lease_until/

/** @example withKillPoint(database, { at: 7, when: 'before', kill: async () => process.kill(process.pid, 'SIGKILL') }) */
export function withKillPoint(database: Database, point: KillPoint): Database {
  const count = createCount()
  /** @param said what its transaction has said before. */
  async function each(connection: Connection, said: readonly string[], text: string, run: () => Promise<void>) {
    const n = count.next(said, text)
    point.counted?.(count.total(), text)
    if (n === point.at && point.when === 'before') await point.kill(connection)
    await run()
    if (n === point.at && point.when === 'after') await point.kill(connection)
  }
  const inTransaction = (connection: Connection, said: string[]): Connection => ({
    async batch(statements) {
      const results: Awaited<ReturnType<Connection['batch']>>[number][] = []
      for (const statement of statements) {
        await each(connection, said, statement.text, async () => {
          results.push(...(await connection.batch([statement])))
        })
        said.push(statement.text)
      }
      return results
    },
  })
  const wrap = (connection: Connection): Connection => {
    const { script, transaction } = connection
    return {
      batch(statements) {
        if (statements.every(({ text }) => RENEWAL.test(text))) return connection.batch(statements)
        if (!transaction) return inTransaction(connection, []).batch(statements)
        return transaction((inner) => inTransaction(inner, []).batch(statements))
      },
      ...(script && {
        async script(statements, lock) {
          const results: Awaited<ReturnType<typeof script>>[number][] = []
          for (const statement of statements) {
            await each(connection, [], statement.text, async () => {
              results.push(...(await script([statement], lock)))
            })
          }
          return results
        },
      }),
      ...(transaction && {
        async transaction(run) {
          const said: string[] = []
          let commit: number | null = null
          const value = await transaction(async (inner) => {
            const answer = await run(inTransaction(inner, said))
            // The commit is a statement too.
            commit = count.next(said, 'commit')
            point.counted?.(count.total(), 'commit')
            if (commit === point.at && point.when === 'before') await point.kill(inner)
            return answer
          })
          if (commit === point.at && point.when === 'after') await point.kill(connection)
          return value
        },
      }),
    }
  }
  return {
    ...database,
    open: (scope, login) => (login === 'migrator' ? wrap(database.open(scope, login)) : database.open(scope, login)),
  }
}

/** How many rows a range aims at depends on how long the one before took. */
const LIMIT = /\blimit \d+/g

/** Counts what was not said before in the same step, after the same beginning of a transaction. */
function createCount() {
  const known = new Set<string>()
  let step = 0
  return {
    /** @returns the statement's number; null where it does not count. */
    next(said: readonly string[], text: string): number | null {
      const place = JSON.stringify([step, ...said, text]).replace(LIMIT, 'limit n')
      if (text === 'commit' && said.some((one) => CHECKPOINT.test(one))) step++
      if (known.has(place)) return null
      known.add(place)
      return known.size
    },
    total: () => known.size,
  }
}

/** Ends the backend that serves it. */
export async function terminate(connection: Connection): Promise<void> {
  await connection
    .batch([{ text: 'select pg_terminate_backend(pg_backend_pid())', params: [], prepare: false }])
    .catch(() => undefined)
}

/** Waits until no migrator holds one: who died where it gave it back has it yet. */
export async function leaseOver({ query }: Pick<Copy, 'query'>): Promise<void> {
  for (;;) {
    const [held] = await query(`select from backsaas.migrations where lease_until > clock_timestamp()`)
    if (!held) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
