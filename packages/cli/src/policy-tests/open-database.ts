/** A database in memory that has a schema. */
import { type PgliteDatabase, pglite } from '@backsaas/adapters/databases/pglite'
import { BackSaasError } from '@backsaas/core'
import { bootstrap, migrate } from '@backsaas/migrator'
import type { DumpCache } from './dump-cache.ts'
import type { SchemaFile } from './suite.ts'

/** Keeps what was prepared for the next database, also where nothing is kept on disk. */
export interface Preparation {
  open(schema: SchemaFile): Promise<PgliteDatabase>
}

/**
 * @param cache null: nothing is kept on disk.
 * @param warn told where the cache cannot be used: it is slower then.
 * @example const database = await createPreparation(null, io.err).open(crm)
 */
export function createPreparation(cache: DumpCache | null, warn: (line: string) => void): Preparation {
  let prepared: Blob | null = null

  async function prepare(): Promise<Blob> {
    const database = pglite()
    try {
      await bootstrap(database, { report: warn })
      const dump = await database.dump()
      await cache
        ?.write(dump)
        .catch((error: unknown) => warn(`backsaas: the next run will be as slow: ${String(error)}`))
      return dump
    } finally {
      await database.close?.()
    }
  }

  async function openWith(dump: Blob, schema: SchemaFile): Promise<PgliteDatabase> {
    const database = pglite(undefined, { loadDataDir: dump })
    try {
      await migrate(database, schema.text, { report: warn, functions: schema.functions ?? [] })
      return database
    } catch (error) {
      await database.close?.().catch(() => undefined)
      throw error
    }
  }

  return {
    async open(schema) {
      const kept = prepared ?? cache?.read() ?? null
      if (kept !== null) {
        try {
          const database = await openWith(kept, schema)
          prepared = kept
          return database
        } catch (error) {
          // What the schema does wrong it does with every database.
          if (error instanceof BackSaasError && error.status < 500) throw error
          warn('backsaas: the prepared database that was kept cannot be used, and is made again')
          cache?.remove()
        }
      }
      prepared = await prepare()
      return openWith(prepared, schema)
    },
  }
}
