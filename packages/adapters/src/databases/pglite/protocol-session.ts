/** A PGlite session spoken to in Postgres' own protocol: a whole batch in one call, every value as text. */
import type { DatabaseError, Statement } from '@backsaas/core'
import { messages, type PGlite, protocol } from '@electric-sql/pglite'
import { serverError, unreachable } from '../server-error.ts'
import type { Answer, Outcome, Session } from '../session.ts'

type Messages = Awaited<ReturnType<PGlite['execProtocolStream']>>

/** The caller sees to it that nobody else uses the instance meanwhile. */
export function createProtocolSession(pg: PGlite): Session {
  // Two calls at once would each be given the answers of both.
  let last: Promise<unknown> = Promise.resolve()
  return {
    send(statements) {
      const request = concat(statements.flatMap(toMessages))
      const received = last.then(() => pg.execProtocolStream(request, { throwOnError: false }))
      last = received.catch(() => undefined)
      return received.then((list) => toOutcome(list, statements.length))
    },
  }
}

/** Each statement with a sync of its own, as other drivers send them: what follows an error is answered by 25P02. */
function toMessages({ text, params }: Statement): readonly Uint8Array[] {
  const { parse, bind, describe, execute, sync } = protocol.serialize
  return [parse({ text }), bind({ values: [...params] }), describe({ type: 'P' }), execute(), sync()]
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function toOutcome(received: Messages, expected: number): Outcome {
  const answers: Answer[] = []
  let rows: (readonly (string | null)[])[] = []
  for (const message of received) {
    if (message instanceof messages.DatabaseError) return { ok: false, error: toError(message), stale: false }
    if (message instanceof messages.DataRowMessage) rows.push(message.fields)
    else if (message instanceof messages.CommandCompleteMessage || message.name === 'emptyQuery') {
      const tag = message instanceof messages.CommandCompleteMessage ? message.text : ''
      answers.push({ rows, ...readTag(tag) })
      rows = []
    }
  }
  if (answers.length === expected) return { ok: true, answers }
  const error = unreachable('08006', `PGlite answered ${answers.length} of ${expected} statements: it has crashed`)
  return { ok: false, error, stale: false }
}

/** `INSERT 0 3` is three rows of `INSERT`, `CREATE TABLE` none of `CREATE TABLE`. */
function readTag(tag: string): { command: string; count: number } {
  const numbers = tag.match(/(?: \d+)+$/)?.[0] ?? ''
  return { command: tag.slice(0, tag.length - numbers.length), count: Number(numbers.split(' ').at(-1) ?? 0) }
}

function toError(error: InstanceType<typeof messages.DatabaseError>): DatabaseError {
  const { code = 'XX000', message, severity, constraint, table, column, detail } = error
  return serverError({ sqlState: code, message, severity, constraint, table, column, detail }, error)
}
