/** The settings that hold for a whole session, by whose it is. */
import type { Login } from '@backsaas/core'

/** So that values read the same on every server, whatever its own defaults are. */
const SAME_TEXT = { TimeZone: 'UTC', DateStyle: 'ISO, MDY', IntervalStyle: 'postgres', bytea_output: 'hex' }

/**
 * The settings of a session.
 *
 * @param statementTimeoutMs longest a statement of the runtime's login may take; 5000 unless given, 0 for no limit.
 * @example sessionSettings('runtime', 1000).statement_timeout // '1000'
 */
export function sessionSettings(login: Login, statementTimeoutMs = 5000): Readonly<Record<string, string>> {
  const settings = { ...SAME_TEXT, application_name: `backsaas ${login}` }
  if (login === 'migrator') return { ...settings, row_security: 'off' }
  if (login === 'runtime') return { ...settings, statement_timeout: String(statementTimeoutMs) }
  return settings
}
