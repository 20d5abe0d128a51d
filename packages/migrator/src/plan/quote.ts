/** Identifiers and literals as SQL text: the only way names and constants get into DDL, which takes no parameters. */
import { BackSaasError } from '@backsaas/core'

/** An identifier, always in quotes, so that no name is a keyword and none is folded to lower case. */
export function identifier(name: string): string {
  return `"${refuseNul(name).replaceAll('"', '""')}"`
}

/** A name inside a Postgres schema. */
export function qualified(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`
}

/** A list of identifiers, `"a", "b"`. */
export function identifiers(names: readonly string[]): string {
  return names.map(identifier).join(', ')
}

/** A text constant; backslashes are written as escapes, so that `standard_conforming_strings` does not matter. */
export function literal(text: string): string {
  const quoted = refuseNul(text).replaceAll("'", "''")
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

function refuseNul(text: string): string {
  if (text.includes('\0')) throw new BackSaasError('SCHEMA_INVALID', 422, 'a name or constant holds the character NUL')
  return text
}
