/**
 * Reads for the same tenant, say, that meet on one connection in one turn of the event loop: sent as one transaction, which
 * spares the server beginning and ending one for each. What goes wrong with one of them is its own affair.
 */
import type { Statement } from '@backsaas/core'
import type { Outcome } from '../session.ts'
import { isServerError } from './driver.ts'
import type { Settled } from './pipelined-query.ts'

/** How the connection sends: statements with one Sync behind them. */
export interface Sender {
  send(statements: readonly Statement[]): Promise<Settled>
  outcome(settled: Settled): Outcome
}

export interface SharedReads {
  /** Waits for the end of the turn, or until the transaction is full. */
  add(readsFor: string, statement: Statement): Promise<Outcome>
  /** At the end of a turn: sends what has met. */
  flush(): void
}

interface Reader {
  readonly statement: Statement
  readonly settle: (outcome: Outcome | Promise<Outcome>) => void
}

/** So many reads make one transaction: each answer waits for all of it. */
const MAX_READERS = 8

/** @example const shared = createSharedReads({ send: (statements) => send(sending, statements), outcome }) */
export function createSharedReads(sender: Sender): SharedReads {
  const meetings = new Map<string, Reader[]>()

  return {
    add: (readsFor, statement) =>
      new Promise((settle) => {
        const readers = meetings.get(readsFor)
        if (readers === undefined) meetings.set(readsFor, [{ statement, settle }])
        else if (readers.push({ statement, settle }) === MAX_READERS) {
          meetings.delete(readsFor)
          void sendTogether(readers, sender)
        }
      }),
    flush() {
      for (const readers of meetings.values()) void sendTogether(readers, sender)
      meetings.clear()
    },
  }
}

/** What was answered before one failed has been read all the same; what stood behind it is sent by itself. */
async function sendTogether(readers: readonly Reader[], sender: Sender): Promise<void> {
  const settled = await sender.send(readers.map(({ statement }) => statement))
  const { answers, failure } = settled
  for (const [i, { statement, settle }] of readers.entries()) {
    const answer = answers[i]
    if (answer) settle({ ok: true, answers: [answer] })
    else if (i > answers.length && isServerError(failure?.error)) settle(sender.send([statement]).then(sender.outcome))
    else settle(sender.outcome(settled))
  }
}
