/** Settings of the runtime's login itself: for connections that set none of their own, as those of Workers. */
import { identifier, literal } from '../plan/quote.ts'

/** So that values read the same on every server; the adapters that set up a session set the same. */
const SAME_TEXT: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
}

/** Where the login has none: how long a statement may take is an operator's to say. */
const AT_FIRST: Readonly<Record<string, string>> = { statement_timeout: '5000' }

/**
 * The statements that give the login what it lacks.
 *
 * @param found its settings, names in lower case.
 */
export function settingsOfRuntime(role: string, found: ReadonlyMap<string, string>): string[] {
  const wrong = Object.entries(SAME_TEXT).filter(([name, value]) => found.get(name.toLowerCase()) !== value)
  const missing = Object.entries(AT_FIRST).filter(([name]) => !found.has(name.toLowerCase()))
  return [...wrong, ...missing].map(([name, value]) => `alter role ${identifier(role)} set ${name} = ${literal(value)}`)
}
