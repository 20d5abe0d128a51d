/** A name that is split by a hook in TypeScript: the documents, the hook, and how either version sees a row. */
import { defineMigrationHook, type MigrationHook, type MigrationStatus, migrationStatus } from '@backsaas/migrator'
import type { Fixture } from '../fixture/start-fixture.ts'

export const BEFORE = `schema: crm
entities:
  people:
    fields:
      n: { type: integer, required: true, unique: true }
      name: { type: string, required: true }
      other: { type: string }
`
export const AFTER = `schema: crm
entities:
  people:
    removed: { name: { down: "'?'" } }
    fields:
      n: { type: integer, required: true, unique: true }
      first: { type: string, convert: { hook: split_name } }
      last: { type: string, convert: { hook: split_name } }
      other: { type: string }
`
/** Fails for a name, or a first name, that is `fails`. */
export const splitName: MigrationHook = defineMigrationHook({
  name: 'split_name',
  up({ name }) {
    if (name === 'fails') throw new Error('no name')
    const [first, ...rest] = String(name).split(' ')
    return { first: first ?? '', last: rest.join(' ') }
  },
  down({ first, last }) {
    if (first === 'fails') throw new Error('no first name')
    return { name: `${first} ${last}` }
  },
})

export const SOON = { timeout: 15_000 }
/** A moment later, as it is promised: far from the pace at which waiting is looked at. */
export const A_MOMENT = { timeout: 3_000, interval: 50 }

export const at = (version: number): Record<string, string> => ({ 'schema-version': String(version) })

/** The row of that number as a version shows it to acme. */
export async function see({ tenants }: Fixture, n: number, version: number): Promise<unknown> {
  const select = version === 1 ? 'name' : 'first,last'
  return (await tenants.acme.get(`/people?n=eq.${n}&select=${select}`, at(version))).rows[0]
}

export async function statusOf({ database }: Fixture): Promise<MigrationStatus | undefined> {
  return (await migrationStatus(database))[0]
}

/** As `rpc/continue_migration` and `rpc/rollback_migration` do. */
export async function ask(
  { ownerQuery }: Fixture,
  wanted: 'live' | 'done' | 'rolled_back',
  now = false,
): Promise<void> {
  await ownerQuery(`update backsaas.migrations set wanted = '${wanted}', hurried = ${now}, confirmed = token,
    problem = case when state = 'waiting' then null else problem end, state = case when state = 'waiting' then 'ready' else state end`)
}
