/** Rows of a table that stand in the way of something, as what asks for them: how many, and some of them. */
import { TENANT_COLUMN } from '@backsaas/core'
import type { TablePlan } from './plan-table.ts'
import { identifier, literal, qualified } from './quote.ts'
import type { Blockers } from './steps.ts'

/** The table as one version has it. */
interface Seen {
  readonly version: TablePlan['pair']['after']
  readonly pgSchema: string
  readonly table: string
}

/**
 * @param fields that are shown beside the key.
 * @param where of the alias `t`.
 */
export function rowsWhere(
  { version, pgSchema, table }: Seen,
  fields: readonly string[],
  where: string,
): Pick<Blockers, 'count' | 'samples'> {
  const { entity, physical } = version
  const shown = [...new Set([...entity.key, ...fields])]
  const pairs = shown.map((field) => `${literal(field)}, t.${identifier(physical.columns[field] as string)}`)
  const from = `${qualified(pgSchema, table)} as t where ${where}`
  const tenant = `'tenant_id', t.${identifier(TENANT_COLUMN)}`
  return {
    count: `select count(*)::text from ${from}`,
    samples: `select json_build_object(${[tenant, ...pairs].join(', ')})::text from ${from}`,
  }
}
