/** What a function is given beside its input: who asks, for what, and, so far as it `needs` them, ways to the outside. */
import type { Action } from './action.ts'
import type { HttpClient } from './http-client.ts'
import type { Json } from './json.ts'
import type { Letter } from './mailer.ts'
import type { Moment } from './moment.ts'
import type { Principal } from './principal.ts'

/** A row, or part of one, as the API's JSON has it. */
export type FunctionRow = Readonly<Record<string, Json>>

export interface FunctionContext {
  /** The tenant's slug or id, as the caller named it, and its id. */
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly user: Principal
  readonly requestId: string
  readonly operation: {
    readonly schema: string
    readonly entity: string
    readonly action: Action | 'call'
    /** When it runs; absent for a call. */
    readonly moment?: Moment
  }
  /** The field of `on`; null for a hook and a call. */
  readonly field: string | null
  /** What is known of the row: as given so far, of an update over what it was where `old` is known. */
  readonly row: FunctionRow
  /** The row before an update or delete; null where nobody asked for it. */
  readonly old: FunctionRow | null
  /** Milliseconds since 1970. */
  readonly now: number
  /** What `functions:` and the tenant say of this function; an empty object where they say nothing. */
  readonly settings: Json
  /** Aborted when the time for it is over. */
  readonly signal: AbortSignal
  /** Tells the operator; never the client. */
  log(message: string, details?: Readonly<Record<string, Json>>): void
  /** The same for every attempt: what a receiver knows a repetition by. Of a hook before a write, the request's. */
  readonly id: string
  /** The data API as the caller. @throws FUNCTION_NEEDS where the function is `pure`. */
  readonly data: FunctionData
  /** The tenant's rows without the caller's rules, for what must see them all; never those of another tenant. */
  readonly system: FunctionData
  /** The same of the tenant's registry: `notifications`, `audit_notes` … */
  readonly registry: FunctionData
  /** What others are to hear. @throws FUNCTION_NEEDS where the function neither writes nor needs the network. */
  readonly events: FunctionEvents
  /**
   * Numbers of a counter of the tenant: so many are taken, the first is answered. None is given twice; what a write that fails has
   * taken is not given again. @throws FUNCTION_NEEDS as `events`.
   */
  next(counter: string, count?: number): Promise<number>
  /** To the outside, to the hosts that the function names. @throws FUNCTION_NEEDS where it does not need the network, or the server has no way out. */
  readonly http: HttpClient
  /** A letter, over the server's SMTP. @throws FUNCTION_NEEDS as `http`; MAIL_FAILED (503), MAIL_REFUSED (422). */
  mail(letter: Letter): Promise<{ readonly id: string }>
  /** A secret of the tenant, by its name. @throws SECRET_MISSING; FUNCTION_NEEDS as `http`. */
  secret(name: string): Promise<string>
}

/** Of a hook before a write they leave with the write or not at all; of others, when the function is done. */
export interface FunctionEvents {
  /**
   * @param type lower-case words with dots between them, as `order.paid`; those of the product itself are not free.
   * @throws FUNCTION_FAILED for what is no such type, and where they are too many or too large.
   */
  publish(type: string, data: Json, subject?: string): void
  /** The same, to leave at a time: milliseconds since 1970. */
  schedule(atMs: number, type: string, data: Json, subject?: string): void
}

/** Reads through the whole of the request's stages as the caller: of its tenant, under its rules, within the limits. */
export interface FunctionData {
  /** At most `limit` rows, 100 unless given. */
  find(entity: string, question?: FunctionQuestion): Promise<readonly FunctionRow[]>
  count(entity: string, where?: FunctionFilter): Promise<number>
  /** As text, exact; null of no rows. */
  sum(entity: string, field: string, where?: FunctionFilter): Promise<string | null>
  /** The rows that a relation of the row leads to. */
  related(row: FunctionRow, relation: string, question?: FunctionQuestion): Promise<readonly FunctionRow[]>
  /**
   * The row as it was written; with `once` null where there is one of its key: so what is tried again is done once.
   *
   * @throws FUNCTION_NEEDS where the function neither writes nor needs the network.
   */
  create(entity: string, row: FunctionRow, options?: { readonly once?: boolean }): Promise<FunctionRow | null>
  /** @returns how many rows it has changed. */
  update(entity: string, where: FunctionFilter, changes: FunctionRow): Promise<number>
}

/** Of each field the value it must have: one, null, or one of a list. */
export type FunctionFilter = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>

export interface FunctionQuestion {
  readonly where?: FunctionFilter
  readonly select?: readonly string[]
  /** A field, descending with a `-` in front. */
  readonly order?: string
  readonly limit?: number
}
