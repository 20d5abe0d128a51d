/** The outbox of one database emptied into that of another: the events of a platform stand in one order, in the database of its registry. */
import { arrayText, type Database, type Statement } from '@backsaas/core'
import { refuseForeign } from '../bootstrap/read-place.ts'
import { MIGRATOR_SCOPE, migratorTransaction, ROW_SECURITY } from '../execute/migrator-transaction.ts'
import { type Platform, readPlatform, tableNames } from '../registry/platform.ts'
import { EVENT_FIELDS, type EventRow } from './event-rows.ts'

/** What a relay carries events into, as the rows that they are: so numbers of their data keep every digit. */
export interface Outbox {
  /** @throws `DATABASE_TAKEN` (409) where `from` is of another platform. */
  admit(from: Database): Promise<void>
  /** Those that are there already, by their ids, stay as they are. @throws where the database cannot be reached. */
  insert(rows: readonly EventRow[]): Promise<void>
}

/**
 * Its own relay gives the positions, and is woken by each batch.
 *
 * @param home the database that has the registry.
 * @example const relay = await startRelay(eu, intoOutbox(home))
 */
export function intoOutbox(home: Database): Outbox {
  let platform: Platform | null = null
  return {
    admit: (from) => refuseForeign(from, home),
    async insert(rows) {
      platform ??= await migratorTransaction(home, readPlatform)
      const { table, tenant, column } = tableNames(platform, 'events')
      const names = EVENT_FIELDS.map(([field]) => (field === 'tenant' ? tenant : column(field)))
      const lists = EVENT_FIELDS.map(([, type], at) => `$${at + 1}::${type}[]`)
      const text = `insert into ${table} (${names.join(', ')}) select * from unnest(${lists.join(', ')}) on conflict do nothing`
      const params = EVENT_FIELDS.map((_, at) => arrayText(rows.map((row) => row[at] ?? null)))
      try {
        await home.open(MIGRATOR_SCOPE, 'migrator').batch([ROW_SECURITY, { text, params }, TOLD])
      } catch (error) {
        // The platform's own mapping may have moved on.
        platform = null
        throw error
      }
    },
  }
}

const TOLD: Statement = { text: `select pg_notify('backsaas_outbox', '')`, params: [] }
