/** A plan as a script: for people to read, and for linters of SQL. */
import type { MigrationPlan, Step } from './steps.ts'

export interface ToPublish {
  readonly schema: string
  readonly plan: MigrationPlan | null
  /** Of what is published at once. */
  readonly statements: readonly string[]
}

/**
 * Each step as it is run: in a transaction that waits for a lock at most 50 ms, or outside any. What the migrator works out as it goes (rows
 * in ranges, hooks, which indexes are there) is a comment. Not to be run by hand, since checkpoints and the fence are not among it.
 *
 * @example planSql(await planSchema(database, './crm.yaml'))
 */
export function planSql({ schema, plan, statements }: ToPublish): string {
  if (!plan) return statements.length === 0 ? comment(`${schema}: no table changes`) : inTransaction(statements)
  const { fromVersion, toVersion, steps } = plan
  const head = comment(
    `${schema}: version ${fromVersion} to ${toVersion}. To be read, and not to be run: the migrator does that`,
  )
  return [head, ...steps.map(stepSql)].join('\n')
}

function stepSql({ id, title, lock, kind, statements }: Step): string {
  const head = comment(`${id}: ${title} (lock: ${lock})`)
  if (kind === 'ddl') return head + inTransaction(statements)
  // Outside any transaction: it waits as long as it takes, and stops nobody.
  if (kind === 'index') return head + script(['set lock_timeout = 0', ...statements, 'reset lock_timeout'])
  return head + statements.map(comment).join('')
}

function inTransaction(statements: readonly string[]): string {
  return script(['begin', `set local lock_timeout = '50ms'`, ...statements, 'commit'])
}

function script(statements: readonly string[]): string {
  return statements.map((text) => `${text};\n`).join('')
}

function comment(text: string): string {
  return `${text.replaceAll(/^/gm, '-- ')}\n`
}
