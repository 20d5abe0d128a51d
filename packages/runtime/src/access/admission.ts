/** Which rows a set of rules lets through. */
import type { AccessRule, CompiledExpression } from '@backsaas/core'

/** The rows that some `allow` admits and no `deny` does. */
export interface Admission {
  /** Null: every row. */
  readonly allow: readonly CompiledExpression[] | null
  readonly deny: readonly CompiledExpression[]
}

/** @returns null where no row is let through, whatever it holds. */
export function admission(allow: readonly AccessRule[], deny: readonly AccessRule[]): Admission | null {
  if (allow.length === 0 || deny.some((rule) => !rule.where)) return null
  return {
    allow: allow.some((rule) => !rule.where) ? null : distinct(allow),
    deny: distinct(deny),
  }
}

function distinct(rules: readonly AccessRule[]): readonly CompiledExpression[] {
  const bySource = new Map(rules.flatMap(({ where }) => (where ? [[where.source, where] as const] : [])))
  return [...bySource.values()]
}

export function isSame(a: Admission, b: Admission): boolean {
  return isSameList(a.allow, b.allow) && isSameList(a.deny, b.deny)
}

function isSameList(a: readonly CompiledExpression[] | null, b: readonly CompiledExpression[] | null): boolean {
  if (a === null || b === null) return a === b
  return a.length === b.length && a.every((one) => b.some((other) => other.source === one.source))
}
