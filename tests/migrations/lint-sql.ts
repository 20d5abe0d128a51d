/** Squawk, a linter of migrations for Postgres, over what the migrator runs. */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Recorded } from './record-statements.ts'

/** Rules that do not hold for what a migrator runs, and why; so in `docs/migrations.md`. */
export const EXCLUDED: Readonly<Record<string, string>> = {
  'require-statement-timeout':
    'what scans a table takes as long as the table is large, under a lock that stops nobody; what stops somebody only waits for a lock',
  'prefer-robust-stmts': 'a step and its checkpoint are one transaction; an index is looked up in the catalogue first',
  'ban-drop-column': 'of the contract, when nobody is left who uses it, or of a version that is taken back',
  'ban-drop-not-null': 'older versions see a value in its place, as the document says; or a version is taken back',
  'renaming-table': 'a table that no version names any more is put aside under another name',
  'require-concurrent-index-deletion':
    'of the way back alone: with its checkpoint, after at most 50 ms of waiting for the lock',
}

export interface Finding {
  readonly rule: string
  readonly message: string
  /** The line of SQL, from its beginning. */
  readonly sql: string
}

/** @example lintSql('create index i on t (a);')[0]?.rule */
export function lintSql(sql: string): readonly Finding[] {
  // Text of a package, as it says what it exports.
  const { getBinaryPath } = createRequire(import.meta.url)('squawk-cli/js/index.js') as { getBinaryPath(): string }
  const args = ['--reporter', 'json', '--pg-version', '17']
  const { stdout, stderr } = spawnSync(getBinaryPath(), args, { input: sql, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (stdout.trim() === '') throw new Error(`squawk said nothing: ${stderr}`)
  const lines = sql.split('\n')
  const found = JSON.parse(stdout) as readonly { line: number; rule_name: string; message: string }[]
  return found.map(({ line, rule_name, message }) => ({
    rule: rule_name,
    message,
    sql: lines[line]?.slice(0, 200) ?? '',
  }))
}

/**
 * All of it as one script, since what makes a statement harmless may be a transaction of its own; and each transaction by itself for its lock
 * timeout, which the linter takes to hold on. What is outside of transactions waits for locks that stop nobody.
 */
export function lintTransactions(transactions: Recorded['transactions']): readonly Finding[] {
  const whole = lintSql(transactions.map(({ sql }) => sql).join('\n'))
  const each = transactions.flatMap(({ sql, outside }) => (outside ? [] : lintSql(sql)))
  const ofTimeout = ({ rule }: Finding): boolean => rule === 'require-lock-timeout'
  return [...whole.filter((one) => !ofTimeout(one)), ...each.filter(ofTimeout)]
}

export function isExcluded({ rule }: Finding): boolean {
  return Object.hasOwn(EXCLUDED, rule)
}
