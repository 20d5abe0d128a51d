/** A migrator with one of its safeguards taken away: to see that the suite would notice. */
import type { Connection, Database, Result, Statement } from '@backsaas/core'

export interface Mutant {
  /** Another text for a statement; null leaves it out, and answers no rows. */
  readonly rewrite?: (text: string) => string | null
}

/** @example withMutant(database, { rewrite: (text) => text.replace(' and lease_epoch = $3', '') }) */
export function withMutant(database: Database, { rewrite = (text) => text }: Mutant): Database {
  const wrap = (connection: Connection): Connection => {
    const one = async (statement: Statement): Promise<Result> => {
      const text = rewrite(statement.text)
      if (text === null) return { rows: [], fields: [], count: 0 } as unknown as Result
      // Parameters that a text does not name would be an error of another kind.
      const changed = { ...statement, text, params: /\$\d/.test(text) ? statement.params : [] }
      return (await connection.batch([changed]))[0] as Result
    }
    const { script, transaction } = connection
    return {
      async batch(statements) {
        if (transaction) return transaction((inner) => wrap(inner).batch(statements))
        const results: Result[] = []
        for (const statement of statements) results.push(await one(statement))
        return results
      },
      ...(script && { script }),
      ...(transaction && { transaction: (run) => transaction((inner) => run(wrap(inner))) }),
    }
  }
  return {
    ...database,
    open: (scope, login) => (login === 'migrator' ? wrap(database.open(scope, login)) : database.open(scope, login)),
  }
}
