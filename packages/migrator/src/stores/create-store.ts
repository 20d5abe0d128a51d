/** New stores: a Postgres schema in one of the databases, and its row in the registry. */
import { BackSaasError, type Database, SYSTEM_TENANT_ID, uuidv7 } from '@backsaas/core'
import { type BootstrapOptions, bootstrap } from '../bootstrap/bootstrap.ts'
import { placeOf } from '../bootstrap/read-place.ts'
import { readRoles } from '../bootstrap/read-roles.ts'
import { storeSchema } from '../bootstrap/store-schema.ts'
import { ddl, EXCLUSIVE, migratorTransaction, query, transaction } from '../execute/migrator-transaction.ts'
import { identifier } from '../plan/quote.ts'
import { insertRow, readPlatform, tableNames } from '../registry/platform.ts'
import { databaseOf, type Fleet } from './fleet.ts'
import { attachDatabase, refuseElsewhere } from './identity.ts'
import type { Store } from './store-rows.ts'

export interface NewStore {
  /** Lower-case letters, digits, `-` and `_`. */
  readonly name: string
  /** `dedicated`: of the first tenant that installs something there, and nobody else's. Default `pooled`. */
  readonly kind?: 'pooled' | 'dedicated'
  /** The name of another database than home. */
  readonly database?: string
  /** Versions come to stores with lower ones first; to those without one last. */
  readonly position?: number
  /** How a database is set up that was not yet. */
  readonly bootstrap?: BootstrapOptions
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/

/**
 * Makes a store; a database that has none yet is set up, and belongs to this platform from then on.
 *
 * @throws `STORE_NAME_INVALID` (422); `STORE_EXISTS`, `DATABASE_TAKEN` (409); `DATABASE_UNKNOWN` (503); what `bootstrap` throws.
 * @example await createStore(fleet, { name: 'eu-1', database: 'eu' })
 */
export async function createStore(fleet: Fleet, wanted: NewStore): Promise<Store> {
  const { name, kind = 'pooled', database: where = null, position = null } = wanted
  if (!NAME.test(name) || name === 'platform') throw nameInvalid(name)
  const database = databaseOf(fleet, where)
  await migratorTransaction(fleet.home, async (connection) => {
    await refuseElsewhere(connection)
    await refuseTaken(connection, name)
  })
  if (where !== null) {
    // One that is set up already may be somebody else's: that is looked at first.
    const isNew = (await placeOf(database)) === null
    if (isNew) await bootstrap(database, wanted.bootstrap)
    await attachDatabase(fleet, where)
    if (!isNew) await bootstrap(database, wanted.bootstrap)
  }
  const id = uuidv7()
  await createSchema(database, storeSchema(id))
  return migratorTransaction(fleet.home, async (connection) => {
    await connection.batch([EXCLUSIVE])
    await refuseTaken(connection, name)
    const platform = await readPlatform(connection)
    const row = {
      id,
      name,
      kind,
      namespace: storeSchema(id),
      database: where,
      position: position === null ? null : String(position),
    }
    await connection.batch([insertRow(platform, 'stores', SYSTEM_TENANT_ID, row)])
    return { id, name, kind, database: where, dedicatedTo: null }
  })
}

/** As bootstrap makes those that every database has. One that is left over where what follows fails is empty, and nobody's. */
async function createSchema(database: Database, schema: string): Promise<void> {
  const roles = await migratorTransaction(database, readRoles)
  await transaction(database, 'owner', async (connection) => {
    await connection.batch(
      [
        `create schema ${identifier(schema)} authorization ${identifier(roles.owner)}`,
        `set local role ${identifier(roles.owner)}`,
        `grant usage on schema ${identifier(schema)} to ${identifier(roles.runtime)}`,
      ].map(ddl),
    )
  })
}

async function refuseTaken(connection: Parameters<typeof query>[0], name: string): Promise<void> {
  const { table, tenant, column } = tableNames(await readPlatform(connection), 'stores')
  const [row] = await query(connection, `select 1 from ${table} where ${tenant} = $1 and ${column('name')} = $2`, [
    SYSTEM_TENANT_ID,
    name,
  ])
  if (row) throw new BackSaasError('STORE_EXISTS', 409, `there is a store ${JSON.stringify(name)} already`)
}

function nameInvalid(name: string): BackSaasError {
  return new BackSaasError('STORE_NAME_INVALID', 422, `${JSON.stringify(name)} cannot be the name of a store`, {
    hint: 'lower-case letters, digits, `-` and `_`, a letter first, at most 63; `platform` is the registry',
  })
}
