/** Publishes version after version of one tenant's schema, and knows when each was committed. */
import type { Connection, Database, Statement } from '@backsaas/core'
import { migrate } from '@backsaas/migrator'

export interface Publisher {
  /** The time (`performance.now()`) at which the version was committed. */
  publish(): Promise<number>
  /** The newest. */
  readonly version: number
}

/** Version n has n - 1 fields besides `mark`: f2, f3, … */
export function schemaText(name: string, version: number): string {
  const fields = Array.from({ length: version - 1 }, (_, i) => `      f${i + 2}: { type: string }\n`).join('')
  return `schema: ${name}\nentities:\n  notes:\n    fields:\n      mark: { type: string }\n${fields}`
}

export async function createPublisher(database: Database, tenant: string, schema: string): Promise<Publisher> {
  let committedAt = 0
  const watched = watchCommits(database, () => {
    committedAt = performance.now()
  })
  let version = 1
  await migrate(watched, schemaText(schema, version), { owner: tenant })
  return {
    async publish() {
      version += 1
      await migrate(watched, schemaText(schema, version), { owner: tenant })
      return committedAt
    },
    get version() {
      return version
    },
  }
}

/** Tells when a transaction that wrote a version has been committed. */
function watchCommits(database: Database, onCommit: () => void): Database {
  return {
    ...database,
    open(scope, login) {
      const connection = database.open(scope, login)
      const { transaction } = connection
      if (!transaction) return connection
      return {
        ...connection,
        async transaction(run) {
          let writes = false
          const result = await transaction((inner) => run(noting(inner, () => (writes = true))))
          if (writes) onCommit()
          return result
        },
      }
    },
  }
}

function noting(connection: Connection, onVersion: () => void): Connection {
  return {
    ...connection,
    batch(statements: readonly Statement[]) {
      if (statements.some(({ text }) => text.startsWith('insert into backsaas.versions'))) onVersion()
      return connection.batch(statements)
    },
  }
}
