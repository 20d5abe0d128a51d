/** What the migrator runs: each transaction as a script, in order. */
import type { Connection, Database, Statement } from '@backsaas/core'

/** What changes tables or their rows, and how long it waits; the migrator's own rows are not among it, nor what ends with the session. */
const TOLD =
  /^(?:set local|alter|(?:create|drop)(?!.*pg_temp)|grant|revoke|analyze|(?:update|delete from|insert into) "backsaas_)/i

export interface Recorded {
  readonly database: Database
  /** `outside` any transaction is one that needs to be: with `concurrently`. */
  readonly transactions: readonly { readonly sql: string; readonly outside: boolean }[]
}

/** @example const recorded = recordStatements(fixture.database); await migrate(recorded.database, …); recorded.transactions */
export function recordStatements(database: Database): Recorded {
  const transactions: { sql: string; outside: boolean }[] = []
  const keep = (statements: readonly Statement[], outside: boolean): void => {
    const texts = statements.map(({ text }) => text.trim()).filter((text) => TOLD.test(text))
    if (texts.every((text) => text.startsWith('set local'))) return
    const lines = outside ? texts : ['begin', ...texts, 'commit']
    transactions.push({ sql: lines.map((text) => `${text};\n`).join(''), outside })
  }
  const wrap = (connection: Connection): Connection => {
    const { script, transaction } = connection
    return {
      batch(statements) {
        keep(statements, false)
        return connection.batch(statements)
      },
      ...(script && {
        script(statements, lock) {
          keep(statements, true)
          return script(statements, lock)
        },
      }),
      ...(transaction && {
        transaction: (run) =>
          transaction((inner) => {
            const statements: Statement[] = []
            const batch: Connection['batch'] = (some) => {
              statements.push(...some)
              return inner.batch(some)
            }
            return run({ ...inner, batch }).finally(() => keep(statements, false))
          }),
      }),
    }
  }
  return {
    database: {
      ...database,
      open: (scope, login) => (login === 'migrator' ? wrap(database.open(scope, login)) : database.open(scope, login)),
    },
    transactions,
  }
}
