/** What a driver throws, translated once, in the adapter. Holds physical names: never shown as it is. */
import { BackSaasError } from './backsaas-error.ts'

export interface DatabaseErrorFields {
  readonly sqlState: string
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
  readonly serverDetail?: string
  /** What to do about it; safe to show, unlike the rest. */
  readonly hint?: string
}

/**
 * `code` is the SQLSTATE, or `DATABASE_UNREACHABLE` (503, SQLSTATE 08006) where no answer came from a server.
 */
export class DatabaseError extends BackSaasError {
  override readonly name: string = 'DatabaseError'
  readonly fields: DatabaseErrorFields

  constructor(message: string, fields: DatabaseErrorFields, cause?: unknown) {
    const unreachable = fields.sqlState.startsWith('08')
    super(unreachable ? 'DATABASE_UNREACHABLE' : fields.sqlState, unreachable ? 503 : 500, message, {
      hint: fields.hint ?? null,
      cause,
    })
    this.fields = fields
  }
}
