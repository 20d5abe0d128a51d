/** What the worker needs of the table of jobs: to find those that are left among all, to be woken, and not to be flooded by one tenant. */
import type { Connection } from '@backsaas/core'
import { JOBS_CHANNEL, JOBS_WAITING_MAX } from '@backsaas/core'
import { query, runDdl } from '../execute/migrator-transaction.ts'
import { identifier, literal } from '../plan/quote.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

const INDEX = 'backsaas_jobs_unfinished'
const TRIGGER = 'backsaas_tell_jobs'
const LIMIT = 'backsaas_limit_jobs'

/** Makes what is missing. */
export async function prepareJobs(connection: Connection, platform: Platform): Promise<void> {
  const jobs = tableNames(platform, 'jobs')
  const [found] = await query(
    connection,
    `select to_regclass($1)::text, (select coalesce(json_agg(tgname), '[]')::text from pg_trigger where tgrelid = $2::regclass)`,
    [`${identifier(platform.mapping.schema)}.${INDEX}`, jobs.table],
  )
  const [index, names] = found ?? []
  const triggers = JSON.parse(names ?? '[]') as readonly string[] // as the query makes it
  const rows = `(${jobs.tenant}, ${jobs.column('created_at')}) where ${jobs.column('finished_at')} is null`
  await runDdl(connection, [
    ...(index ? [] : [`create index ${INDEX} on ${jobs.table} ${rows}`]),
    ...(triggers.includes(TRIGGER)
      ? []
      : [
          `create trigger ${TRIGGER} after insert on ${jobs.table}
           for each statement execute function backsaas.notify_inserted('${JOBS_CHANNEL}')`,
        ]),
    ...(triggers.includes(LIMIT)
      ? []
      : [
          `create trigger ${LIMIT} after insert on ${jobs.table} referencing new table as inserted
           for each statement execute function
           backsaas.limit_jobs(${literal(jobs.column('finished_at'))}, '${JOBS_WAITING_MAX}')`,
        ]),
  ])
}
