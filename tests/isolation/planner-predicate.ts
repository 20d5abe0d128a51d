/** Takes the planner's tenant predicates out of statements, so that only the database keeps tenants apart. */
import type { Statement } from '@backsaas/core'

/** `t."tenant_id" = x.tenant`, or a parameter in place of `x.tenant`. */
const PREDICATE = /\b[a-z]+\d*\."tenant_id" = (x\.tenant\b|t\.tenant_id\b|(\$\d+)::uuid)/g

export interface Stripped {
  readonly statement: Statement
  readonly removed: number
}

/** A parameter stays in the text, or Postgres could not tell its type; its value no longer matters. */
export function stripPredicate(statement: Statement): Stripped {
  let removed = 0
  const text = statement.text.replace(PREDICATE, (_, __, parameter: string | undefined) => {
    removed++
    return parameter ? `(${parameter}::uuid is not null)` : 'true'
  })
  return { statement: { ...statement, text }, removed }
}
