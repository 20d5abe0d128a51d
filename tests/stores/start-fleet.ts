/** A platform of two databases on real Postgres, with what the migrator process runs of it. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { type Database, PLATFORM_PLACEMENT_ID } from '@backsaas/core'
import {
  bootstrap,
  type Deliveries,
  type Fleet,
  type Migrations,
  startDeliveries,
  startMigrations,
} from '@backsaas/migrator'
import { SCOPE } from '../fixture/start-fixture.ts'
import { createTestDatabase } from '../fixture/test-server.ts'

export interface TestFleet {
  readonly fleet: Fleet
  readonly home: Database
  readonly eu: Database
  readonly urls: { readonly home: string; readonly eu: string }
  /** One statement of the owner; rows as text. */
  query(database: Database, sql: string): Promise<readonly (readonly (string | null)[])[]>
  /** The table of an entity of home's platform, qualified. */
  table(entity: string): Promise<string>
  /** Deliveries, and the migrations of both databases. */
  work(): Promise<void>
  stopWork(): Promise<void>
  close(): Promise<void>
}

export async function startFleet(): Promise<TestFleet> {
  const [homeServer, euServer] = [await createTestDatabase(), await createTestDatabase()]
  const [home, eu] = [postgres(homeServer.url), postgres(euServer.url)]
  const fleet: Fleet = { home, named: { eu } }
  await bootstrap(home)
  let working: (Deliveries | Migrations)[] = []
  const stopWork = async (): Promise<void> => {
    await Promise.all(working.map((one) => one.close()))
    working = []
  }
  const query: TestFleet['query'] = async (database, sql) => {
    const [result] = await database.open(SCOPE, 'owner').batch([{ text: sql, params: [], prepare: false }])
    return result?.rows ?? []
  }
  return {
    fleet,
    home,
    eu,
    urls: { home: homeServer.url, eu: euServer.url },
    query,
    async table(entity) {
      const [row] = await query(
        home,
        `select format('%I.%I', mapping::json ->> 'schema', mapping::json -> 'entities' -> '${entity}' ->> 'table')
         from backsaas.versions v where placement_id = '${PLATFORM_PLACEMENT_ID}' and state = 'live' order by v.version desc limit 1`,
      )
      return String(row?.[0])
    },
    async work() {
      working = [
        await startDeliveries(fleet, { intervalMs: 100 }),
        await startMigrations(home, { intervalMs: 200 }),
        await startMigrations(eu, { intervalMs: 200, home }),
      ]
    },
    stopWork,
    async close() {
      await stopWork()
      await Promise.all([home.close?.(), eu.close?.()])
      await Promise.all([homeServer.drop(), euServer.drop()])
    },
  }
}
