/** A delivery for people, a line for each store, and as JSON. */
import type { Delivery, StoreStanding } from '@backsaas/migrator'

export function deliveryLines({ schema, version, state, stores }: Delivery): string[] {
  const counted = stores.filter((one) => one.state === 'live' || one.state === 'done').length
  return [
    `${schema} version ${version}: ${state}, ${counted} of ${stores.length} other stores serve it`,
    ...stores.map(storeLine),
  ]
}

export function deliveryJson({ id, schema, version, state, concurrency, onError, stores }: Delivery): object {
  return { id, schema, version, state, concurrency, on_error: onError, stores }
}

function storeLine({ store, database, state, version, migration, problem }: StoreStanding): string {
  const where = database === null ? store : `${store} (${database})`
  const at = migration ? `, ${migration.phase} ${migration.step}/${migration.steps}${rows(migration)}` : ''
  const why = problem ? `  ${problem.code}: ${problem.message}` : ''
  return `  ${where}: ${state}${version === null ? '' : `, version ${version}`}${at}${why}`
}

function rows({ rows_done: done, rows_total: total }: NonNullable<StoreStanding['migration']>): string {
  return total > 0 ? ` ${done}/${total} rows` : ''
}
