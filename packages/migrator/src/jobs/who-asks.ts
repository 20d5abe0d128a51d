/** Who asked for a job, as the audit log has it. */
import { query } from '../execute/migrator-transaction.ts'
import type { Actor } from '../registry/acting-as.ts'
import { tableNames } from '../registry/platform.ts'
import type { ActContext } from './act.ts'

/** Whoever created the job: a key, or a user. */
export async function whoAsks({ connection, platform, tenant, askedBy }: ActContext): Promise<Actor> {
  if (askedBy === null) return { kind: 'runtime', id: 'runtime' }
  const k = tableNames(platform, 'api_keys')
  const [key] = await query(
    connection,
    `select from ${k.table} where ${k.tenant} = $1 and ${k.column('id')}::text = $2`,
    [tenant.id, askedBy],
  )
  return { kind: key ? 'key' : 'user', id: askedBy }
}
