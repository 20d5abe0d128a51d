/** What the worker needs of the table of jobs: to find those that are left among all, and to be woken. */
import type { Connection } from '@backsaas/core'
import { JOBS_CHANNEL } from '@backsaas/core'
import { query, runDdl } from '../execute/migrator-transaction.ts'
import { identifier } from '../plan/quote.ts'
import { type Platform, tableNames } from '../registry/platform.ts'

const INDEX = 'backsaas_jobs_unfinished'
const TRIGGER = 'backsaas_tell_jobs'

/** Makes what is missing. */
export async function prepareJobs(connection: Connection, platform: Platform): Promise<void> {
  const jobs = tableNames(platform, 'jobs')
  const [found] = await query(
    connection,
    `select to_regclass($1)::text, exists (select from pg_trigger where tgname = $2 and tgrelid = $3::regclass)::text`,
    [`${identifier(platform.mapping.schema)}.${INDEX}`, TRIGGER, jobs.table],
  )
  const [index, trigger] = found ?? []
  const rows = `(${jobs.tenant}, ${jobs.column('created_at')}) where ${jobs.column('finished_at')} is null`
  await runDdl(connection, [
    ...(index ? [] : [`create index ${INDEX} on ${jobs.table} ${rows}`]),
    ...(trigger === 'true'
      ? []
      : [
          `create trigger ${TRIGGER} after insert on ${jobs.table}
           for each statement execute function backsaas.notify_inserted('${JOBS_CHANNEL}')`,
        ]),
  ])
}
