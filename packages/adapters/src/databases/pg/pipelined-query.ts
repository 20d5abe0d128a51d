/** Statements sent together with one Sync behind them: one transaction and one answer, in the driver's own query queue. */
import type { Statement } from '@backsaas/core'
import type { Connection } from 'pg'
import type { Answer } from '../session.ts'
import { QUERY } from './driver.ts'
import type { PreparedName, StatementNames } from './statement-names.ts'

/** What the driver's connection can send; its types leave most of it out. */
interface Wire {
  parse(message: { readonly text: string; readonly name: string }): void
  bind(message: { readonly statement: string; readonly values: readonly (string | null)[] }): void
  execute(message: undefined): void
  sync(): void
}

export interface Settled {
  readonly answers: readonly Answer[]
  /** What the driver was told first; absent where all went well. */
  readonly failure?: { readonly error: unknown; readonly statement: Statement | undefined }
}

/** What one connection has to parse, in the order sent: the server tells that it has parsed without saying what. */
export type Parsing = { readonly name: PreparedName | null; readonly query: PipelinedQuery }[]

/**
 * A query for the driver's `client.query`. It is sent by the extended protocol: Parse where a statement is new to the
 * session, Bind, Execute, and one Sync at the end, up to which Postgres runs everything in one transaction
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING). Rows come as text and are not
 * described. What the driver calls on a query, and the fields that it reads of one, are the members without a comment.
 */
export class PipelinedQuery {
  readonly #statements: readonly Statement[]
  readonly #names: StatementNames | null
  readonly #parsing: Parsing
  readonly #settle: (settled: Settled) => void
  readonly #answers: Answer[] = []
  #rows: (readonly (string | null)[])[] = []
  #settled = false

  /**
   * @param names null where statements are not prepared under names.
   * @param settle called once, when the server has answered or the connection is lost.
   */
  constructor(
    statements: readonly Statement[],
    names: StatementNames | null,
    parsing: Parsing,
    settle: (settled: Settled) => void,
  ) {
    this.#statements = statements
    this.#names = names
    this.#parsing = parsing
    this.#settle = settle
  }

  callback(): void {}

  submit(connection: Connection): null {
    const wire = connection as object as Wire // see there
    for (const { text, params, prepare } of this.#statements) {
      const name = prepare === false || this.#names === null ? null : this.#names.take(text)
      if (name?.state !== 'ready') {
        this.#parsing.push({ name, query: this })
        wire.parse({ text, name: name?.name ?? '' })
      }
      wire.bind({ statement: name?.name ?? '', values: params })
      wire.execute(undefined)
    }
    wire.sync()
    return null
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#answers.push(readAnswer(text, this.#rows))
    this.#rows = []
  }

  handleEmptyQuery(): void {
    this.#answers.push({ rows: [], count: 0, command: '' })
  }

  handleError(error: unknown): void {
    this.#finish({ answers: this.#answers, failure: { error, statement: this.#statements[this.#answers.length] } })
  }

  handleReadyForQuery(): void {
    this.#finish({ answers: this.#answers })
  }

  #finish(settled: Settled): void {
    if (this.#settled) return
    this.#settled = true
    // What a failure has kept from being parsed; all that was sent before this query has been answered.
    while (this.#parsing[0]?.query === this) {
      const name = this.#parsing.shift()?.name
      if (name) this.#names?.give(name)
    }
    this.#settle(settled)
  }
}

// In pipeline mode the driver takes only its own kind of query, lest one keep a portal open; this kind does not.
Object.setPrototypeOf(PipelinedQuery.prototype, QUERY)

/** A command tag: `INSERT 0 5`, `SELECT 3`, `BEGIN`. */
function readAnswer(tag: string, rows: readonly (readonly (string | null)[])[]): Answer {
  const [command = '', ...numbers] = tag.split(' ')
  return { rows, count: Number(numbers.at(-1) ?? 0) || 0, command }
}
