/** What the database says of a value that it refuses, without the value. */
import type { DatabaseError } from '@backsaas/core'

/** The row may be another tenant's than that of who is told: Postgres quotes the value itself in the errors of class 22 alone. */
export function valueless({ fields, message }: DatabaseError): string {
  return fields.sqlState.startsWith('22') ? message.replace(/".*"/s, '"…"') : message
}
