/** A table of BackSaaS' own without the tenant that leads its keys: as its schema describes it. */
import { TENANT_COLUMN } from '@backsaas/core'
import type { PgConstraint, PgTable } from './catalogue.ts'

/** Any other table is answered as it is. */
export function stripTenant(table: PgTable): PgTable {
  if (!table.isOurs) return table
  const others = (columns: readonly string[]): string[] => columns.filter((name) => name !== TENANT_COLUMN)
  return {
    ...table,
    columns: table.columns.filter((column) => column.name !== TENANT_COLUMN),
    constraints: table.constraints.map((constraint) => ({
      ...constraint,
      columns: others(constraint.columns),
      target: targetWithout(constraint),
    })),
    indexes: table.indexes.map((index) => ({ ...index, columns: others(index.columns) })),
  }
}

function targetWithout({ target, columns }: PgConstraint): PgConstraint['target'] {
  return target && { ...target, columns: target.columns.filter((_, i) => columns[i] !== TENANT_COLUMN) }
}
