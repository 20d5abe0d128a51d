/** What every Postgres adapter has in common: batches and transactions on one session, told as one outcome. */
import {
  BackSaasError,
  type BatchHints,
  type Connection,
  DatabaseError,
  type Result,
  type Statement,
} from '@backsaas/core'

/** A result with the server's command tag, without its numbers: `INSERT`, `COMMIT`, `ROLLBACK`. */
export interface Answer extends Result {
  readonly command: string
}

/** `stale`: a prepared plan no longer fits the tables; the plan is forgotten and the same statements may be sent again. */
export type Outcome =
  | { readonly ok: true; readonly answers: readonly Answer[] }
  | { readonly ok: false; readonly error: DatabaseError; readonly stale: boolean }

export interface Session {
  /** Whether what is sent at once is a transaction by itself, unless one is open. */
  readonly atomic?: boolean
  /**
   * Sends every statement before the first answer is awaited, and answers with the first error the server gave.
   *
   * @param hints of a batch that is a transaction by itself.
   */
  send(statements: readonly Statement[], hints?: BatchHints): Promise<Outcome>
}

export interface BatchOptions {
  /** What opens a transaction on this session; its first statement is `begin`. */
  readonly begin: readonly Statement[]
  /** Whether a single statement runs by itself, without a transaction around it. */
  readonly alone: boolean
  readonly hints?: BatchHints
}

export const BEGIN: Statement = { text: 'begin', params: [] }
const COMMIT: Statement = { text: 'commit', params: [] }
const ROLLBACK: Statement = { text: 'rollback', params: [] }

/**
 * Runs the statements atomically, in one round trip.
 *
 * @throws `DatabaseError`: the first error of the server; nothing is kept then.
 */
export async function runBatch(
  session: Session,
  statements: readonly Statement[],
  options: BatchOptions,
): Promise<readonly Result[]> {
  checkStatements(statements)
  if (statements.length === 0) return []
  const alone = options.alone && (statements.length === 1 || session.atomic === true)
  const sent = alone ? statements : [...options.begin, ...statements, COMMIT]
  for (let attempt = 0; ; attempt++) {
    const outcome = await session.send(sent, alone ? options.hints : undefined)
    if (outcome.ok) return alone ? plain(outcome.answers) : committed(outcome.answers, options.begin.length)
    if (!outcome.stale || attempt >= statements.length) throw outcome.error
  }
}

/** The answers between `begin` and `commit`, once it is certain that the commit was one. */
function committed(answers: readonly Answer[], begin: number): readonly Result[] {
  const tag = answers.at(-1)?.command
  if (tag !== 'COMMIT') throw new DatabaseError(`COMMIT was answered by ${tag}`, { sqlState: '40000' })
  return plain(answers.slice(begin, -1))
}

/**
 * Runs the statements one after the other, each by itself; the first error ends it, what ran before it stays.
 *
 * @param lock held by the session meanwhile, so that it ends with it too. @returns nothing where another session has it.
 */
export async function runScript(
  session: Session,
  statements: readonly Statement[],
  lock?: string,
): Promise<readonly Result[]> {
  checkStatements(statements)
  const run = async (statement: Statement): Promise<readonly Answer[]> => {
    const outcome = await session.send([statement])
    if (outcome.ok) return outcome.answers
    throw outcome.error
  }
  const onLock = (what: string): Statement => ({
    text: `select pg_${what}(25205, hashtext($1))::text`,
    params: [lock ?? null],
  })
  if (lock && (await run(onLock('try_advisory_lock')))[0]?.rows[0]?.[0] !== 'true') return []
  try {
    const results: Result[] = []
    for (const statement of statements) results.push(...plain(await run(statement)))
    return results
  } finally {
    // A connection that was lost has given it back.
    if (lock) await session.send([onLock('advisory_unlock')])
  }
}

/**
 * Runs `run` inside a transaction: commits when it resolves, rolls back when it rejects.
 *
 * @throws what `run` throws; the first error of the server where `run` hid it; `TRANSACTION_OVER` (500) where the
 *   connection is used after the end.
 */
export async function runTransaction<T>(
  session: Session,
  begin: readonly Statement[],
  run: (transaction: Connection) => Promise<T>,
): Promise<T> {
  let failure: DatabaseError | undefined
  let over = false
  const send = async (statements: readonly Statement[]): Promise<readonly Answer[]> => {
    if (failure) throw failure
    const outcome = await session.send(statements)
    if (outcome.ok) return outcome.answers
    failure ??= outcome.error
    throw failure
  }
  const connection: Connection = {
    async batch(statements) {
      checkStatements(statements)
      if (over) throw new BackSaasError('TRANSACTION_OVER', 500, 'this transaction has ended already')
      return statements.length === 0 ? [] : plain(await send(statements))
    },
  }
  try {
    await send(begin)
    const value = await run(connection)
    if (failure) throw failure
    over = true
    committed(await send([COMMIT]), 0)
    return value
  } catch (error) {
    over = true
    // Its own failure says no more than the one under way: a lost connection has rolled back by itself.
    await session.send([ROLLBACK])
    throw error
  }
}

/** Refuses what a driver would garble or fail on half-way, before anything is sent. */
function checkStatements(statements: readonly Statement[]): void {
  for (const { text, params } of statements) {
    if (text.includes('\0')) throw invalidText('a statement holds a NUL character')
    if (params.length > 65_533) {
      throw new BackSaasError(
        'TOO_MANY_PARAMETERS',
        500,
        `a statement has ${params.length} parameters of at most 65533`,
      )
    }
    for (const param of params) {
      if (param === null) continue
      if (typeof param !== 'string') {
        throw new BackSaasError('INTERNAL', 500, `a statement's parameter is a ${typeof param}, not text or null`)
      }
      // The server would refuse the first, and the encoder would silently replace the second.
      if (param.includes('\0')) throw invalidText('a parameter holds a NUL character')
      if (!param.isWellFormed()) throw invalidText('a parameter holds half of a surrogate pair')
    }
  }
}

function invalidText(message: string): DatabaseError {
  return new DatabaseError(message, { sqlState: '22021' })
}

function plain(answers: readonly Answer[]): readonly Result[] {
  return answers.map(({ rows, count }) => ({ rows, count }))
}
